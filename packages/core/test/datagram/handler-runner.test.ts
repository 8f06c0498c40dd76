import { describe, expect, it } from '@jest/globals'
import type { DatagramChannel, DatagramHandler } from '../../src/index.js'
import { checkDatagramHandler } from '../../src/lib/channel/handler.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { HandlerRunner } from '../../src/lib/datagram/handler-runner.js'
import { ReceiveQueue } from '../../src/lib/datagram/receive-queue.js'
import { createFakeDatagramPort } from '@sock/testing'
import { serve, turn } from '../support/fake-datagram-sockets.js'
import { settle } from '../support/settle.js'

/** The runs of a handler, without a socket. */
function runsOf(handler: DatagramHandler) {
  const queue = new ReceiveQueue(createFakeDatagramPort(), Infinity)
  const failures: unknown[] = []
  let settled = 0
  const owner = {
    handlerFailed: (error: unknown) => void failures.push(error),
    settled: () => void (settled += 1),
  }
  const runs = new HandlerRunner(checkDatagramHandler(handler), {} as DatagramChannel, queue, owner)
  const push = (...texts: string[]): void => {
    for (const text of texts) queue.push(Buffer.from(text), undefined, false)
    runs.advance()
  }
  return { queue, runs, push, failures, settledCount: () => settled }
}

describe('HandlerRunner of a function', () => {
  it('HandlerRunner.advance() runs the handler function until nothing is queued, and counts what a run has not read', () => {
    let calls = 0
    const { queue, runs, push } = runsOf(() => void (calls += 1))
    push('a', 'b', 'c')
    expect([calls, runs.unread, queue.isEmpty, runs.isRunning]).toEqual([3, 3, true, false])
  })

  it('HandlerRunner.advance() starts no second run before the first has settled', async () => {
    const first = createDeferred()
    let calls = 0
    const { queue, runs, push, settledCount } = runsOf(() => {
      void queue.next(String, 'end')
      return ++calls === 1 ? first.promise : undefined
    })
    push('a', 'b')
    expect([calls, runs.isRunning, runs.isDue, settledCount()]).toEqual([1, true, false, 0])
    first.resolve()
    await settle()
    expect([runs.isRunning, runs.isDue, settledCount()]).toEqual([false, true, 1])
    runs.advance()
    expect([calls, queue.isEmpty, runs.unread]).toEqual([2, true, 0])
  })

  it('HandlerRunner.advance() ends the read that a finished run has left behind, so that it takes no datagram of the next run', async () => {
    const seen: unknown[] = []
    const { queue, push } = runsOf(() => {
      if (seen.length > 0) return
      void queue.next(String, 'end')
      seen.push(queue.next(String, 'end'))
    })
    push('a')
    push('b')
    expect(await Promise.all(seen)).toEqual(['end'])
    expect(queue.isEmpty).toBe(true)
  })

  it('HandlerRunner.leaveRun() ends the reads of the run, and it still counts as running', async () => {
    const over = createDeferred()
    const { queue, runs, push } = runsOf(() => over.promise)
    runs.leaveRun()
    expect([runs.isRunning, runs.hasClosed]).toEqual([false, false])
    push('a')
    queue.shift()
    const reading = queue.next(String, 'end')
    runs.leaveRun()
    expect(await reading).toBe('end')
    expect([runs.isRunning, runs.hasClosed]).toEqual([true, true])
    over.resolve()
    await settle()
    expect([runs.isRunning, runs.hasClosed]).toEqual([false, false])
  })

  it('HandlerRunner reports a function that throws or rejects to its owner, and the next run begins', async () => {
    const { runs, push, failures } = runsOf(() => {
      if (failures.length === 0) throw new Error('thrown')
      return Promise.reject(new Error('rejected'))
    })
    push('a', 'b')
    await settle()
    expect(failures).toMatchObject([{ message: 'thrown' }, { message: 'rejected' }])
    expect(runs.isRunning).toBe(false)
  })
})

describe('HandlerRunner of callbacks', () => {
  it('HandlerRunner.advance() calls data for one datagram after the other, and waits for its promise', async () => {
    const seen: string[] = []
    const first = createDeferred()
    const { runs, push } = runsOf({
      data: (_, data) => (seen.push(String(data)) === 1 ? first.promise : undefined),
    })
    push('a', 'b', 'c')
    expect([seen, runs.isWorking, runs.canDeliver]).toEqual([['a'], true, false])
    first.resolve()
    await settle()
    runs.advance()
    expect([seen, runs.isWorking, runs.canDeliver]).toEqual([['a', 'b', 'c'], false, true])
  })

  it('HandlerRunner.call() counts the promise of a callback as work until it settles, also when it rejects', async () => {
    const opened = createDeferred()
    const { runs, failures, settledCount } = runsOf({ open: () => opened.promise })
    runs.call('open')
    expect([runs.isWorking, runs.takesInput]).toEqual([true, false])
    opened.reject(new Error('oops'))
    await settle()
    expect([runs.isWorking, settledCount()]).toEqual([false, 1])
    expect(failures).toMatchObject([{ message: 'oops' }])
  })

  it('HandlerRunner.advance() leaves the queue to other readers if there is no callback data', () => {
    const { queue, runs, push } = runsOf({ open() {} })
    push('a')
    expect([queue.isEmpty, runs.takesInput, runs.isDue]).toEqual([false, false, false])
  })
})

describe('handlers of a server', () => {
  it('each form of handler answers the right sender when several datagrams come in one turn', async () => {
    const handlers: DatagramHandler[] = [
      async (channel) => {
        for await (const data of channel) await channel.write(data)
      },
      async (channel) => {
        const data = await channel.read()
        await turn()
        await channel.write(data!)
      },
      { data: (channel, data) => channel.write(data) },
      {
        async data(channel, data) {
          await turn()
          await channel.write(data)
        },
      },
    ]
    for (const handler of handlers) {
      const { port, server } = await serve(handler)
      for (let from = 1; from <= 20; from++) port.receive(`${from}`, from)
      expect(await server.shutdown()).toMatchObject({ forced: 0 })
      const answers = port.sent.map(({ data, to }) => [data, to])
      expect(answers).toEqual(
        Array.from({ length: 20 }, (_, index) => [`${index + 1}`, `127.0.0.1:${index + 1}`]),
      )
    }
  })

  it('channel.close() in a handler waits until its answer has left', async () => {
    let isOver = false
    const { port, server } = await serve(
      async (channel) => {
        void channel.write((await channel.read()) ?? '')
        await channel.close()
        isOver = true
      },
      { answer: () => 'later' },
    )
    port.receive('x')
    await turn()
    expect(isOver).toBe(false)
    port.sent[0]?.done()
    await turn()
    expect(isOver).toBe(true)
    await server.close()
  })
})
