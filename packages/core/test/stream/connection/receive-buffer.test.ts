import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ChunkIterator, ReceiveBuffer } from '../../../src/lib/stream/connection/receive-buffer.js'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { outcome } from '../../support/settle.js'

const chunk = (text: string): Buffer => Buffer.from(text)

function create(limit = 10): { readonly receiveBuffer: ReceiveBuffer; readonly port: FakeStreamPort } {
  const port = createFakeStreamPort()
  return { receiveBuffer: new ReceiveBuffer(port, limit), port }
}

describe('ReceiveBuffer', () => {
  it('ReceiveBuffer.read() and next() return chunks of the same input, each in its own form', async () => {
    const { receiveBuffer } = create()
    for (const text of ['a', 'b']) receiveBuffer.push(chunk(text))
    expect(String(await receiveBuffer.read())).toBe('a')
    expect(await receiveBuffer.next()).toEqual({ done: false, value: chunk('b') })
    const reading = receiveBuffer.read()
    receiveBuffer.push(chunk('c'))
    expect(String(await reading)).toBe('c')
    const next = receiveBuffer.next()
    receiveBuffer.push(chunk('d'))
    expect(await next).toEqual({ done: false, value: chunk('d') })
    const last = receiveBuffer.next()
    receiveBuffer.end()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(await receiveBuffer.next()).toEqual({ done: true, value: undefined })
    expect(await receiveBuffer.read()).toBeNull()
  })

  it('ReceiveBuffer.take() passes the same input without promises, at once if it is there already', () => {
    const { receiveBuffer } = create()
    const heard: unknown[] = []
    const take = (): void =>
      receiveBuffer.take(
        (taken) => heard.push(taken === null ? null : String(taken)),
        (error) => heard.push(error),
      )
    receiveBuffer.push(chunk('a'))
    take()
    expect(heard).toEqual(['a'])
    take()
    expect([heard.length, receiveBuffer.hasReader]).toEqual([1, true])
    receiveBuffer.push(chunk('b'))
    expect([heard, receiveBuffer.hasReader]).toEqual([['a', 'b'], false])
    take()
    receiveBuffer.end()
    take()
    expect(heard).toEqual(['a', 'b', null, null])
  })

  it('ReceiveBuffer.take() passes the error of a broken input once per call', () => {
    const { receiveBuffer } = create()
    const heard: unknown[] = []
    const take = (): void => receiveBuffer.take(fail, (error) => heard.push(error))
    const fail = (): void => expect(true).toBe(false)
    const error = new Error('broken')
    take()
    receiveBuffer.end(error)
    take()
    expect(heard).toEqual([error, error])
  })

  it('ReceiveBuffer.hasReader and isEmpty show whether a read or bytes wait', async () => {
    const { receiveBuffer } = create()
    expect([receiveBuffer.hasReader, receiveBuffer.isEmpty]).toEqual([false, true])
    const reading = receiveBuffer.read()
    expect([receiveBuffer.hasReader, receiveBuffer.isEmpty]).toEqual([true, true])
    receiveBuffer.push(chunk('x'))
    expect([receiveBuffer.hasReader, receiveBuffer.isEmpty]).toEqual([false, true])
    await reading
    receiveBuffer.push(chunk('y'))
    expect([receiveBuffer.hasReader, receiveBuffer.isEmpty]).toEqual([false, false])
    receiveBuffer.shift()
    expect(receiveBuffer.isEmpty).toBe(true)
    expect(receiveBuffer.shift()).toBeUndefined()
  })

  it('ReceiveBuffer.read() rejects while another one, or a next(), waits', async () => {
    for (const wait of ['read', 'next'] as const) {
      const { receiveBuffer } = create()
      const first: Promise<unknown> = receiveBuffer[wait]()
      for (const other of ['read', 'next'] as const) {
        expect(await rejection(receiveBuffer[other]())).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
      }
      expect(await outcome(first)).toEqual({ state: 'pending' })
      receiveBuffer.end()
      await first
    }
  })

  it('ReceiveBuffer.end() counts the first time only, with an error or without', async () => {
    const ended = create().receiveBuffer
    ended.end()
    ended.end(new Error('too late'))
    expect(await ended.read()).toBeNull()
    const broken = create().receiveBuffer
    const error = new Error('broken')
    broken.push(chunk('x'))
    broken.end(error)
    broken.end()
    expect(String(await broken.read())).toBe('x')
    expect(await rejection(broken.read())).toBe(error)
    expect(await rejection(broken.next())).toBe(error)
  })

  it('ReceiveBuffer.end() with an error rejects the waiting read with it', async () => {
    for (const wait of ['read', 'next'] as const) {
      const { receiveBuffer } = create()
      const waiting = rejection(receiveBuffer[wait]())
      const error = new Error('broken')
      receiveBuffer.end(error)
      expect(await waiting).toBe(error)
      expect(receiveBuffer.hasReader).toBe(false)
    }
  })

  it('ReceiveBuffer.clear() drops queued bytes, and resumes a paused port', async () => {
    const { receiveBuffer, port } = create(2)
    receiveBuffer.push(chunk('abc'))
    receiveBuffer.clear()
    receiveBuffer.clear()
    expect(port.calls).toEqual(['pause', 'resume'])
    expect(receiveBuffer.isEmpty).toBe(true)
    receiveBuffer.push(chunk('d'))
    expect(port.calls).toEqual(['pause', 'resume'])
    expect(String(await receiveBuffer.read())).toBe('d')
  })

  it.each([
    ['rejects with it if bytes before a clean end were not read', ['push', 'finish'], 'rejected'],
    ['rejects with it if there was no end', [], 'rejected'],
    ['changes nothing after a clean end that was reached', ['finish'], 'resolved'],
    ['keeps an earlier error', ['push', 'fail'], 'failed'],
  ] as const)(
    'ReceiveBuffer.abort() with an error drops queued bytes, and read() %s',
    async (_, steps, state) => {
      const { receiveBuffer } = create()
      const [error, earlier] = [new Error('aborted'), new Error('broken')]
      for (const step of steps) {
        if (step === 'push') receiveBuffer.push(chunk('unread'))
        else receiveBuffer.end(step === 'fail' ? earlier : undefined)
      }
      receiveBuffer.abort(error)
      expect(receiveBuffer.isEmpty).toBe(true)
      expect(await outcome(receiveBuffer.read())).toEqual(
        {
          rejected: { state: 'rejected', error },
          failed: { state: 'rejected', error: earlier },
          resolved: { state: 'resolved', value: null },
        }[state],
      )
    },
  )

  it('ReceiveBuffer.read() tells the port which chunk the reader holds, and that it is done with the one before', async () => {
    const held: unknown[] = []
    const port = Object.assign(createFakeStreamPort(), {
      held: (given?: Buffer) => void held.push(given?.toString()),
    })
    const receiveBuffer = new ReceiveBuffer(port, 10)
    receiveBuffer.push(chunk('queued'))
    await receiveBuffer.read()
    expect(held).toEqual(['queued'])
    const reading = receiveBuffer.read()
    expect(held).toEqual(['queued', undefined])
    receiveBuffer.push(chunk('awaited'))
    await reading
    expect(held).toEqual(['queued', undefined, 'awaited'])
  })

  it('ReceiveBuffer serves its own reader, though others were made in the meantime', async () => {
    const buffers = [create().receiveBuffer, create().receiveBuffer]
    const reads = buffers.map((receiveBuffer) => receiveBuffer.read())
    buffers[1]?.push(chunk('second'))
    buffers[0]?.push(chunk('first'))
    expect((await Promise.all(reads)).map(String)).toEqual(['first', 'second'])
  })

  it('ReceiveBuffer pauses its port exactly while as many bytes as its limit wait, whatever comes and goes', () => {
    const limit = 10
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(12), fc.constant('take' as const))), (actions) => {
        const { receiveBuffer, port } = create(limit)
        let bytes = 0
        for (const action of actions) {
          if (action === 'take') bytes -= receiveBuffer.shift()?.length ?? 0
          else {
            receiveBuffer.push(Buffer.alloc(action))
            bytes += action
          }
          expect(port.count('pause') - port.count('resume')).toBe(bytes >= limit ? 1 : 0)
        }
      }),
    )
  })
})

describe('ChunkIterator', () => {
  it('ChunkIterator.return() stops reading, and says that it is done', async () => {
    let stopped = 0
    const iterator = new ChunkIterator({ closeRead: () => void (stopped += 1) }, create().receiveBuffer)
    expect(await iterator.return()).toEqual({ done: true, value: undefined })
    expect(stopped).toBe(1)
  })
})
