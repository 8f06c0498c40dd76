import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ChunkIterator, Inbox } from '../../src/lib/stream/inbox.js'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { outcome } from '../support/settle.js'

const chunk = (text: string): Buffer => Buffer.from(text)

function create(limit = 10): { readonly inbox: Inbox; readonly port: FakeStreamPort } {
  const port = createFakeStreamPort()
  return { inbox: new Inbox(port, limit), port }
}

describe('Inbox', () => {
  it('Inbox.read() and next() return chunks of the same input, each in its own form', async () => {
    const { inbox } = create()
    for (const text of ['a', 'b']) inbox.push(chunk(text))
    expect(String(await inbox.read())).toBe('a')
    expect(await inbox.next()).toEqual({ done: false, value: chunk('b') })
    const reading = inbox.read()
    inbox.push(chunk('c'))
    expect(String(await reading)).toBe('c')
    const next = inbox.next()
    inbox.push(chunk('d'))
    expect(await next).toEqual({ done: false, value: chunk('d') })
    const last = inbox.next()
    inbox.finish()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(await inbox.next()).toEqual({ done: true, value: undefined })
    expect(await inbox.read()).toBeNull()
  })

  it('Inbox.take() passes the same input without promises, at once if it is there already', () => {
    const { inbox } = create()
    const heard: unknown[] = []
    const take = (): void =>
      inbox.take(
        (taken) => heard.push(taken === null ? null : String(taken)),
        (error) => heard.push(error),
      )
    inbox.push(chunk('a'))
    take()
    expect(heard).toEqual(['a'])
    take()
    expect([heard.length, inbox.hasReader]).toEqual([1, true])
    inbox.push(chunk('b'))
    expect([heard, inbox.hasReader]).toEqual([['a', 'b'], false])
    take()
    inbox.finish()
    take()
    expect(heard).toEqual(['a', 'b', null, null])
  })

  it('Inbox.take() passes the error of a broken input once per call', () => {
    const { inbox } = create()
    const heard: unknown[] = []
    const take = (): void => inbox.take(fail, (error) => heard.push(error))
    const fail = (): void => expect(true).toBe(false)
    const error = new Error('broken')
    take()
    inbox.finish(error)
    take()
    expect(heard).toEqual([error, error])
  })

  it('Inbox.hasReader and isEmpty show whether a read or bytes wait', async () => {
    const { inbox } = create()
    expect([inbox.hasReader, inbox.isEmpty]).toEqual([false, true])
    const reading = inbox.read()
    expect([inbox.hasReader, inbox.isEmpty]).toEqual([true, true])
    inbox.push(chunk('x'))
    expect([inbox.hasReader, inbox.isEmpty]).toEqual([false, true])
    await reading
    inbox.push(chunk('y'))
    expect([inbox.hasReader, inbox.isEmpty]).toEqual([false, false])
    inbox.shift()
    expect(inbox.isEmpty).toBe(true)
    expect(inbox.shift()).toBeUndefined()
  })

  it('Inbox.read() rejects while another one, or a next(), waits', async () => {
    for (const wait of ['read', 'next'] as const) {
      const { inbox } = create()
      const first: Promise<unknown> = inbox[wait]()
      for (const other of ['read', 'next'] as const) {
        expect(await rejection(inbox[other]())).toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
      }
      expect(await outcome(first)).toEqual({ state: 'pending' })
      inbox.finish()
      await first
    }
  })

  it('Inbox.finish() counts the first time only, with an error or without', async () => {
    const ended = create().inbox
    ended.finish()
    ended.finish(new Error('too late'))
    expect(await ended.read()).toBeNull()
    const broken = create().inbox
    const error = new Error('broken')
    broken.push(chunk('x'))
    broken.finish(error)
    broken.finish()
    expect(String(await broken.read())).toBe('x')
    expect(await rejection(broken.read())).toBe(error)
    expect(await rejection(broken.next())).toBe(error)
  })

  it('Inbox.finish() with an error rejects the waiting read with it', async () => {
    for (const wait of ['read', 'next'] as const) {
      const { inbox } = create()
      const waiting = rejection(inbox[wait]())
      const error = new Error('broken')
      inbox.finish(error)
      expect(await waiting).toBe(error)
      expect(inbox.hasReader).toBe(false)
    }
  })

  it('Inbox.clear() drops queued bytes, and resumes a paused port', async () => {
    const { inbox, port } = create(2)
    inbox.push(chunk('abc'))
    inbox.clear()
    inbox.clear()
    expect(port.calls).toEqual(['pause', 'resume'])
    expect(inbox.isEmpty).toBe(true)
    inbox.push(chunk('d'))
    expect(port.calls).toEqual(['pause', 'resume'])
    expect(String(await inbox.read())).toBe('d')
  })

  it.each([
    ['rejects with it if bytes before a clean end were not read', ['push', 'finish'], 'rejected'],
    ['rejects with it if there was no end', [], 'rejected'],
    ['changes nothing after a clean end that was reached', ['finish'], 'resolved'],
    ['keeps an earlier error', ['push', 'fail'], 'failed'],
  ] as const)('Inbox.abort() with an error drops queued bytes, and read() %s', async (_, steps, state) => {
    const { inbox } = create()
    const [error, earlier] = [new Error('aborted'), new Error('broken')]
    for (const step of steps) {
      if (step === 'push') inbox.push(chunk('unread'))
      else inbox.finish(step === 'fail' ? earlier : undefined)
    }
    inbox.abort(error)
    expect(inbox.isEmpty).toBe(true)
    expect(await outcome(inbox.read())).toEqual(
      {
        rejected: { state: 'rejected', error },
        failed: { state: 'rejected', error: earlier },
        resolved: { state: 'resolved', value: null },
      }[state],
    )
  })

  it('Inbox.read() tells the port which chunk the reader holds, and that it is done with the one before', async () => {
    const held: unknown[] = []
    const port = Object.assign(createFakeStreamPort(), {
      held: (given?: Buffer) => void held.push(given?.toString()),
    })
    const inbox = new Inbox(port, 10)
    inbox.push(chunk('queued'))
    await inbox.read()
    expect(held).toEqual(['queued'])
    const reading = inbox.read()
    expect(held).toEqual(['queued', undefined])
    inbox.push(chunk('awaited'))
    await reading
    expect(held).toEqual(['queued', undefined, 'awaited'])
  })

  it('Inbox serves its own reader, though others were made in the meantime', async () => {
    const inboxes = [create().inbox, create().inbox]
    const reads = inboxes.map((inbox) => inbox.read())
    inboxes[1]?.push(chunk('second'))
    inboxes[0]?.push(chunk('first'))
    expect((await Promise.all(reads)).map(String)).toEqual(['first', 'second'])
  })

  it('Inbox pauses its port exactly while as many bytes as its limit wait, whatever comes and goes', () => {
    const limit = 10
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(12), fc.constant('take' as const))), (actions) => {
        const { inbox, port } = create(limit)
        let bytes = 0
        for (const action of actions) {
          if (action === 'take') bytes -= inbox.shift()?.length ?? 0
          else {
            inbox.push(Buffer.alloc(action))
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
    const iterator = new ChunkIterator({ closeRead: () => void (stopped += 1) }, create().inbox)
    expect(await iterator.return()).toEqual({ done: true, value: undefined })
    expect(stopped).toBe(1)
  })
})
