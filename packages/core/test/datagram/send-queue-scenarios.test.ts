import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { SendQueue } from '../../src/lib/datagram/send-queue.js'
import type { DatagramPort, DatagramSending } from '../../src/lib/datagram/port.js'

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

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

describe('SendQueue.roomAgain', () => {
  it('sends queued datagrams at once, in order, while there is room', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = ['a', 'b', 'c'].map((text) => queue.send(Buffer.from(text), undefined))
    state.room = 2
    queue.roomAgain()
    expect(state.got).toEqual(['a', 'b'])
    state.room = 1
    queue.roomAgain()
    await Promise.all(sending)
    expect(state.got).toEqual(['a', 'b', 'c'])
    expect(queue.bytes).toBe(0)
  })

  it('SendQueue.roomAgain() that is announced for nothing makes no busy loop: the timer looks next', async () => {
    const { port, state } = portWithRoom()
    const queue = new SendQueue(port)
    const sending = queue.send(Buffer.from('a'), undefined)
    for (let count = 0; count < 1000; count++) queue.roomAgain()
    expect(state.tries).toBe(2)
    state.room = 1
    await jest.advanceTimersByTimeAsync(20)
    await sending
    expect(state.got).toEqual(['a'])
  })

  it('SendQueue.roomAgain() does nothing without queued datagrams', () => {
    const { port, state } = portWithRoom()
    new SendQueue(port).roomAgain()
    expect(state.tries).toBe(0)
  })
})

describe('SendQueue.send to a receiver that never reads', () => {
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
