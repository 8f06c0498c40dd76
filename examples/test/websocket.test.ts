import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { once } from 'node:events'
import { WebSocket, type RawData } from 'ws'
import { startExample } from './support/program.js'

const scratch = useFolder('example')

async function dial(path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws+unix:${path}:/`)
  later(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

const nextMessage = async (socket: WebSocket): Promise<[RawData, boolean]> =>
  (await once(socket, 'message')) as [RawData, boolean]

describe('websocket', () => {
  it('websocket sends every message to all clients, as text or as bytes', async () => {
    const path = scratch.path('ws.sock')
    const program = startExample('websocket', path)
    await program.address('unix')
    const [one, two] = await Promise.all([dial(path), dial(path)])

    const texts = Promise.all([nextMessage(one), nextMessage(two)])
    one.send('grüß Gott')
    for (const [data, isBinary] of await texts) {
      expect((data as Buffer).toString()).toBe('grüß Gott')
      expect(isBinary).toBe(false)
    }
    const bytes = Buffer.alloc(60_000, 'bytes')
    const binaries = Promise.all([nextMessage(one), nextMessage(two)])
    two.send(bytes)
    for (const [data, isBinary] of await binaries) {
      expect(bytes.equals(data as Buffer)).toBe(true)
      expect(isBinary).toBe(true)
    }
    const closed = Promise.all([once(one, 'close'), once(two, 'close')])
    await program.stop()
    await closed
  })

  it('websocket tells its clients that it goes away', async () => {
    const path = scratch.path('ws.sock')
    const program = startExample('websocket', path)
    await program.address('unix')
    const socket = await dial(path)
    const closed = once(socket, 'close')
    await program.stop()
    const [code, reason] = (await closed) as [number, Buffer]
    expect(code).toBe(1001)
    expect(reason.toString()).toBe('Server is going down')
    expect(program.stdout.text).toMatch(/^Closed unix: \d idle, \d drained, 0 forced$/m)
  })

  it('websocket disconnects a client that sends too much, and goes on', async () => {
    const path = scratch.path('ws.sock')
    const program = startExample('websocket', path)
    await program.address('unix')
    const [greedy, modest] = await Promise.all([dial(path), dial(path)])
    greedy.send(Buffer.alloc(65_537))
    const [code] = (await once(greedy, 'close')) as [number]
    expect(code).toBe(1009)
    const message = nextMessage(modest)
    modest.send('still there')
    expect((await message)[0]).toEqual(Buffer.from('still there'))
    program.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  itWith('curl', 'websocket tells curl, which does not upgrade, to do so', async () => {
    const path = scratch.path('ws.sock')
    const program = startExample('websocket', path)
    await program.address('unix')
    const ran = await runTool('curl', [
      '-sS',
      '-i',
      '--noproxy',
      '*',
      '--unix-socket',
      path,
      'http://localhost/',
    ])
    expect(ran.stdout).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/)
    await program.stop()
  })
})
