import { describe, expect, it } from '@jest/globals'
import type { StreamPort, StreamPortSink } from '@sock/core/stream'
import { unixAddress } from '@sock/core/transport'
import fc from 'fast-check'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createPortPair } from '../src/lib/memory-port.js'

/** A sink that writes down what it hears. */
function listenTo(port: StreamPort, over: Partial<StreamPortSink> = {}): string[] {
  const heard: string[] = []
  port.start({
    received: (chunk) => void heard.push(`received ${chunk.length > 20 ? chunk.length : chunk}`),
    ended: () => void heard.push('ended'),
    drained: () => void heard.push('drained'),
    flushed: () => void heard.push('flushed'),
    closed: (error) => void heard.push(`closed ${(error as { code?: string } | undefined)?.code}`),
    ...over,
  })
  return heard
}

/** Every turn that anything could still wait for. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn()
}

const pair = () => createPortPair(unixAddress('here'))

describe('createPortPair', () => {
  it('createPortPair() tells nothing within a call', async () => {
    const [client, server] = pair()
    const heard = [listenTo(client), listenTo(server)]
    client.write(Buffer.from('hello'))
    client.requestDrain()
    client.shutdownWrite()
    client.destroy()
    expect(heard).toEqual([[], []])
    await rest()
    expect(heard[0]).toEqual(['closed undefined'])
  })

  it('createPortPair() delivers pieces of 64 KiB at most, each in a turn of its own', async () => {
    const [client, server] = pair()
    const heard = listenTo(server)
    client.write(Buffer.alloc(100_000))
    await nextTurn()
    expect(heard).toEqual(['received 65536'])
    expect([client.bufferedBytes, client.writeProgress]).toEqual([34_464, 65_536])
    await rest()
    expect(heard).toEqual(['received 65536', 'received 34464'])
  })

  it('createPortPair() holds back what a paused side would get, its end too', async () => {
    const [client, server] = pair()
    const [ours, theirs] = [listenTo(client), listenTo(server)]
    server.pause()
    client.write(Buffer.from('hello'))
    client.requestDrain()
    client.shutdownWrite()
    await rest()
    expect([ours, theirs]).toEqual([[], []])
    server.resume()
    await rest()
    expect(theirs).toEqual(['received hello', 'ended'])
    expect(ours).toEqual(['drained', 'flushed'])
  })

  it('createPortPair() closes once, and says nothing afterwards', async () => {
    const [client, server] = pair()
    const heard = listenTo(client)
    listenTo(server)
    server.write(Buffer.from('unheard'))
    client.destroy()
    client.destroy()
    client.reset()
    client.write(Buffer.from('late'))
    client.resume()
    client.shutdownWrite()
    client.requestDrain()
    await rest()
    expect(heard).toEqual(['closed undefined'])
  })

  it('createPortPair() breaks a side whose bytes nobody takes any more', async () => {
    const [client, server] = pair()
    const heard = listenTo(client)
    client.write(Buffer.from('lost'))
    server.destroy()
    await rest()
    expect(heard).toEqual(['closed ECONNRESET'])
  })

  it('createPortPair() breaks a side that writes to one who is gone', async () => {
    const [client, server] = pair()
    const heard = listenTo(client)
    server.destroy()
    await rest()
    client.write(Buffer.from('x'))
    await rest()
    expect(heard).toEqual(['ended', 'closed EPIPE'])
  })

  it('createPortPair() resets nobody who has got everything', async () => {
    const [client, server] = pair()
    const heard = [listenTo(client), listenTo(server)]
    server.pause()
    client.shutdownWrite()
    await rest()
    client.reset()
    server.resume()
    await rest()
    expect(heard).toEqual([['flushed', 'closed undefined'], ['ended']])
  })

  it('createPortPair() can be reset before either side has started', async () => {
    const [client, server] = pair()
    server.reset()
    const heard = listenTo(client)
    await rest()
    expect(heard).toEqual(['closed ECONNRESET'])
  })

  it('createPortPair() may be destroyed from inside whatever it tells', async () => {
    for (const event of ['received', 'ended', 'drained', 'flushed'] as const) {
      const [client, server] = pair()
      const heard = listenTo(server)
      const told: string[] = []
      const inside: string[] = []
      const note = (name: string) => (): void => {
        told.push(name)
        if (name === event) {
          client.destroy()
          inside.push(told.at(-1) as string)
        }
      }
      listenTo(client, {
        received: note('received'),
        ended: note('ended'),
        drained: note('drained'),
        flushed: note('flushed'),
        closed: note('closed'),
      })
      server.write(Buffer.from('x'))
      server.shutdownWrite()
      client.requestDrain()
      client.shutdownWrite()
      await rest()
      expect(inside).toEqual([event])
      expect(told.slice(told.indexOf(event))).toEqual([event, 'closed'])
      expect(heard.filter((line) => line.startsWith('closed')).length).toBeLessThanOrEqual(1)
    }
  })

  it('createPortPair() carries any bytes in any pieces, whole and in order', async () => {
    const script = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 200_000 }), fc.constantFrom('pause', 'resume')),
    )
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const [client, server] = pair()
        const got: Buffer[] = []
        listenTo(client)
        const heard = listenTo(server, { received: (chunk) => void got.push(chunk) })
        for (const step of steps) {
          if (typeof step === 'string') server[step]()
          else client.write(step)
          await nextTurn()
        }
        server.resume()
        client.shutdownWrite()
        while (!heard.includes('ended')) await nextTurn()
        const sent = Buffer.concat(steps.filter((step) => typeof step !== 'string'))
        expect(Buffer.concat(got).equals(sent)).toBe(true)
        expect([client.bufferedBytes, client.writeProgress]).toEqual([0, sent.length])
      }),
      { numRuns: 30 },
    )
  })
})
