import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { ipAddress } from '../../src/lib/address/address.js'
import { DATAGRAM_OVERHEAD } from '../../src/lib/datagram/receive-queue.js'
import { MAX_SEND_QUEUE, SendQueue } from '../../src/lib/datagram/send-queue.js'
import type { DatagramPort, DatagramSending } from '../../src/lib/datagram/port.js'
import { SockError } from '../../src/lib/errors/errors.js'
import { createFakeDatagramPort, type FakeDatagramPort, type FakeDatagramPortOptions } from '@sock/testing'
import { systemError } from '../support/fake-server.js'

const A = ipAddress('127.0.0.1', 1)
const B = ipAddress('127.0.0.1', 2)
const closed = (): SockError => new SockError('ERR_SOCK_CLOSED', 'Closed')

function make(answer?: FakeDatagramPortOptions['answer']): { port: FakeDatagramPort; queue: SendQueue } {
  const port = createFakeDatagramPort(answer === undefined ? {} : { answer })
  return { port, queue: new SendQueue(port) }
}

const bytes = (text: string): Buffer => Buffer.from(text)

describe('SendQueue.send', () => {
  it('SendQueue.send() returns one resolved promise for all datagrams that the port sends at once', async () => {
    const { queue } = make()
    const first = queue.send(bytes('a'), A)
    expect(queue.send(bytes('b'), B)).toBe(first)
    await first
    expect([queue.sent, queue.failed, queue.bytes]).toEqual([2, 0, 0])
  })

  it('SendQueue.send() resolves when the port answers, and counts the bytes until then', async () => {
    const { port, queue } = make(() => 'later')
    const sending = queue.send(bytes('abc'), A)
    expect([queue.bytes, queue.sent]).toEqual([3, 0])
    port.sent[0]?.done()
    await sending
    expect([queue.bytes, queue.sent]).toEqual([0, 1])
  })

  it('SendQueue.send() rejects with the error of the port', async () => {
    const { queue } = make(() => systemError('ENETUNREACH'))
    await expect(queue.send(bytes('a'), A)).rejects.toMatchObject({ code: 'ENETUNREACH' })
    expect([queue.sent, queue.failed, queue.bytes]).toEqual([0, 1, 0])
  })

  it('SendQueue.send() settles once, however often the port answers', async () => {
    const { port, queue } = make(() => 'later')
    const sending = queue.send(bytes('abc'), A)
    port.sent[0]?.done()
    port.sent[0]?.done(systemError('EIO'))
    port.sent[0]?.done(systemError('EAGAIN'))
    await sending
    expect([queue.bytes, queue.sent, queue.failed]).toEqual([0, 1, 0])
  })

  it('SendQueue.send() tells a port that batches which datagram must not overtake another', async () => {
    const sendings: DatagramSending[] = []
    const port = { send: (_: unknown, __: unknown, sending: DatagramSending) => void sendings.push(sending) }
    const queue = new SendQueue(port as unknown as DatagramPort)
    const results = [A, A, B].map((to) => queue.send(bytes('x'), to))
    expect(sendings.map((sending) => sending.isBehind?.())).toEqual([false, false, false])
    sendings[0]?.done(systemError('EAGAIN'))
    expect(sendings.map((sending) => sending.isBehind?.())).toEqual([false, true, false])
    queue.clear(closed())
    await Promise.allSettled(results)
  })

  it('SendQueue.send() keeps the order of what goes to the peer, whether its address is given or not', async () => {
    const port = createFakeDatagramPort({ peer: A, answer: () => systemError('EAGAIN') })
    const queue = new SendQueue(port)
    const results = [queue.send(bytes('a'), undefined)]
    port.answer = () => undefined
    results.push(queue.send(bytes('b'), A), queue.send(bytes('c'), undefined))
    await Promise.all(results)
    expect(port.sent.map(({ data }) => data)).toEqual(['a', 'b', 'c'])
  })

  it('SendQueue.send() rejects with ERR_SOCK_MESSAGE_TOO_LARGE after EMSGSIZE', async () => {
    const { queue } = make(() => systemError('EMSGSIZE'))
    const sending = queue.send(bytes('abc'), A)
    await expect(sending).rejects.toMatchObject({
      code: 'ERR_SOCK_MESSAGE_TOO_LARGE',
      cause: { code: 'EMSGSIZE' },
    })
  })

  it('SendQueue.send() rejects with ERR_SOCK_BACKPRESSURE what would exceed 4 MiB, until there is room again', async () => {
    const { port, queue } = make(() => 'later')
    const first = queue.send(Buffer.alloc(MAX_SEND_QUEUE), A)
    await expect(queue.send(bytes('a'), A)).rejects.toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE' })
    expect([port.attempts, queue.failed]).toEqual([1, 1])
    port.sent[0]?.done()
    await first
    void queue.send(bytes('a'), A)
    expect(port.attempts).toBe(2)
  })

  it('SendQueue.send() refuses a flood of empty datagrams too', () => {
    const { port, queue } = make(() => 'later')
    for (let count = 0; count < 2 * (MAX_SEND_QUEUE / DATAGRAM_OVERHEAD); count++)
      void queue.send(bytes(''), A)
    expect(port.attempts).toBe(MAX_SEND_QUEUE / DATAGRAM_OVERHEAD)
    expect(queue.failed).toBe(MAX_SEND_QUEUE / DATAGRAM_OVERHEAD)
  })
})

describe('SendQueue.send to a receiver without room', () => {
  it.each(['EAGAIN', 'EWOULDBLOCK', 'ENOBUFS'])(
    'SendQueue.send() to a receiver without room waits after %s until there is room',
    async (code) => {
      const answers = [systemError(code), systemError(code), undefined]
      const { port, queue } = make(() => answers.shift())
      await queue.send(bytes('a'), A)
      expect(port.attempts).toBe(3)
      expect(port.sent).toHaveLength(1)
      expect([queue.sent, queue.failed, queue.bytes]).toEqual([1, 0, 0])
    },
  )

  it('SendQueue.send() to a receiver without room keeps the order for a destination, and delays no other', async () => {
    let hasRoom = false
    const { port, queue } = make((_, to) =>
      to === String(A) && !hasRoom ? systemError('EAGAIN') : undefined,
    )
    const toA = ['a', 'b', 'c', 'd'].map((text) => queue.send(bytes(text), A))
    await queue.send(bytes('x'), B)
    expect(port.sent.map(({ data }) => data)).toEqual(['x'])
    hasRoom = true
    await Promise.all(toA)
    expect(port.sent.map(({ data }) => data)).toEqual(['x', 'a', 'b', 'c', 'd'])
  })

  it('SendQueue.send() to a receiver without room tries the first datagram only, and not again in the same turn', async () => {
    const { port, queue } = make(() => systemError('EAGAIN'))
    const sendings = Array.from({ length: 1_000 }, (_, index) => queue.send(bytes(`${index}`), A))
    expect(port.attempts).toBe(1)
    await new Promise(setImmediate)
    expect(port.attempts).toBeLessThan(10)
    queue.clear(closed())
    const results = await Promise.allSettled(sendings)
    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  })

  it('SendQueue.send() to a receiver without room keeps the order when refusals come back late and one by one', async () => {
    const { port, queue } = make(() => 'later')
    const sendings = ['a', 'b', 'c'].map((text) => queue.send(bytes(text), A))
    const refused = port.sent.splice(0)
    port.answer = () => undefined
    for (const { done } of [refused[1]!, refused[0]!, refused[2]!]) done(systemError('EAGAIN'))
    await Promise.all(sendings)
    expect(port.sent.map(({ data }) => data)).toEqual(['a', 'b', 'c'])
  })
})

describe('SendQueue.clear', () => {
  it('SendQueue.clear() fails pending and queued datagrams, and leaves no timer', async () => {
    const { queue } = make((data) => (data === 'waits' ? systemError('EAGAIN') : 'later'))
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const sendings = [queue.send(bytes('under way'), A), queue.send(bytes('waits'), B)]
    const emptied = queue.whenEmpty()
    queue.clear(closed())
    for (const sending of sendings) await expect(sending).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    await emptied
    expect([queue.bytes, queue.failed]).toEqual([0, 2])
    expect(timers()).toBeLessThanOrEqual(before)
  })
})

describe('SendQueue.whenEmpty', () => {
  it('SendQueue.whenEmpty() resolves when the last has left or failed', async () => {
    const { port, queue } = make(() => 'later')
    await queue.whenEmpty()
    const sendings = [queue.send(bytes('a'), A), queue.send(bytes(''), A)]
    let empty = false
    const emptied = queue.whenEmpty().then(() => (empty = true))
    port.sent[0]?.done()
    await sendings[0]
    expect(empty).toBe(false)
    port.sent[1]?.done(systemError('EIO'))
    await emptied
  })
})

/** A port with room for so many. */
function portWithRoom(): { port: DatagramPort; state: { room: number; tries: number; got: string[] } } {
  const state = { room: 0, tries: 0, got: [] as string[] }
  const port = {
    send(data: Uint8Array, _: unknown, sending: DatagramSending) {
      state.tries += 1
      if (state.room === 0) {
        sending.done(Object.assign(new Error('full'), { code: 'EAGAIN' }))
        return
      }
      state.room -= 1
      state.got.push(String(data))
      sending.done()
    },
  } as unknown as DatagramPort
  return { port, state }
}

describe('SendQueue.portDrained', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('SendQueue.portDrained() sends queued datagrams at once, in order, while there is room', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = ['a', 'b', 'c'].map((text) => queue.send(Buffer.from(text), undefined))
    state.room = 2
    queue.portDrained()
    expect(state.got).toEqual(['a', 'b'])
    state.room = 1
    queue.portDrained()
    await Promise.all(sending)
    expect(state.got).toEqual(['a', 'b', 'c'])
    expect(queue.bytes).toBe(0)
  })

  it('SendQueue.portDrained() without room tries once, and then leaves the next try to the timer', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = queue.send(Buffer.from('a'), undefined)
    for (let count = 0; count < 1000; count++) queue.portDrained()
    expect(state.tries).toBe(2)
    state.room = 1
    await jest.advanceTimersByTimeAsync(20)
    await sending
    expect(state.got).toEqual(['a'])
  })

  it('SendQueue.portDrained() does nothing without queued datagrams', () => {
    const { port, state } = portWithRoom()
    new SendQueue(port).portDrained()
    expect(state.tries).toBe(0)
  })
})

describe('SendQueue.send to a slow receiver', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('SendQueue.send() to a slow receiver lets each datagram wait for five seconds of its own', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const first = expect(queue.send(Buffer.from('a'), undefined)).rejects.toMatchObject({
      code: 'ERR_SOCK_BACKPRESSURE',
    })
    await jest.advanceTimersByTimeAsync(4_000)
    const second = queue.send(Buffer.from('b'), undefined)
    await jest.advanceTimersByTimeAsync(1_040)
    await first
    state.room = 1
    await jest.advanceTimersByTimeAsync(20)
    await second
    expect([state.got, queue.failed]).toEqual([['b'], 1])
  })

  it('SendQueue.portDrained() leaves no timer of what it sends, and counts again after the timer has tried', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = queue.send(Buffer.from('a'), undefined)
    queue.portDrained()
    // That notice was wrong, so only the timer tries, without success.
    await jest.advanceTimersByTimeAsync(2)
    state.room = 1
    queue.portDrained()
    expect([state.got, jest.getTimerCount()]).toEqual([['a'], 0])
    await sending
  })

  it('SendQueue.send() to a slow receiver retries after the shortest delay again, once there was room', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = ['a', 'b'].map((text) => queue.send(Buffer.from(text), undefined))
    // Retries after 1, 2, 4, 8 and 16 ms, and the next one after another 16.
    await jest.advanceTimersByTimeAsync(31)
    state.room = 1
    await jest.advanceTimersByTimeAsync(16)
    expect(state.got).toEqual(['a'])
    state.room = 1
    await jest.advanceTimersByTimeAsync(1)
    expect(state.got).toEqual(['a', 'b'])
    await Promise.all(sending)
  })
})

describe('SendQueue.send to a receiver that never reads', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  it('SendQueue.send() to a receiver that never reads fails all datagrams that have waited for five seconds together', async () => {
    const { port } = portWithRoom()
    const queue = new SendQueue(port)
    const codes: unknown[] = []
    for (let count = 0; count < 500; count++) {
      queue.send(Buffer.from('x'), undefined).catch(({ code }: { code: unknown }) => codes.push(code))
    }
    await jest.advanceTimersByTimeAsync(4990)
    expect(codes).toEqual([])
    await jest.advanceTimersByTimeAsync(40)
    expect(codes).toEqual(Array.from({ length: 500 }, () => 'ERR_SOCK_BACKPRESSURE'))
    expect(queue.failed).toBe(500)
    await jest.advanceTimersByTimeAsync(20)
    expect(jest.getTimerCount()).toBe(0)
  })
})
