import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Outbox } from '../src/lib/datagram/outbox.js'
import type { DatagramPort, DatagramSending } from '../src/lib/datagram/port.js'

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

describe('Outbox.roomAgain', () => {
  it('sends what waits at once, in order, as far as there is room', async () => {
    const { port, state } = portWithRoom()
    const outbox = new Outbox(port)
    const sending = ['a', 'b', 'c'].map((text) => outbox.send(Buffer.from(text), undefined))
    state.room = 2
    outbox.roomAgain()
    expect(state.got).toEqual(['a', 'b'])
    state.room = 1
    outbox.roomAgain()
    await Promise.all(sending)
    expect(state.got).toEqual(['a', 'b', 'c'])
    expect(outbox.bytes).toBe(0)
  })

  it('that is announced for nothing makes no busy loop: the timer looks next', async () => {
    const { port, state } = portWithRoom()
    const outbox = new Outbox(port)
    const sending = outbox.send(Buffer.from('a'), undefined)
    for (let count = 0; count < 1000; count++) outbox.roomAgain()
    expect(state.tries).toBe(2)
    state.room = 1
    await jest.advanceTimersByTimeAsync(20)
    await sending
    expect(state.got).toEqual(['a'])
  })

  it('does nothing when nobody waits', () => {
    const { port, state } = portWithRoom()
    new Outbox(port).roomAgain()
    expect(state.tries).toBe(0)
  })
})

describe('Outbox.send to a receiver that never reads', () => {
  it('gives up all who have waited for five seconds together', async () => {
    const { port } = portWithRoom()
    const outbox = new Outbox(port)
    const codes: unknown[] = []
    for (let count = 0; count < 500; count++) {
      outbox.send(Buffer.from('x'), undefined).catch(({ code }: { code: unknown }) => codes.push(code))
    }
    await jest.advanceTimersByTimeAsync(4990)
    expect(codes).toEqual([])
    await jest.advanceTimersByTimeAsync(40)
    expect(codes).toEqual(Array.from({ length: 500 }, () => 'ERR_SOCK_BACKPRESSURE'))
    expect(outbox.failed).toBe(500)
    await jest.advanceTimersByTimeAsync(20)
    expect(jest.getTimerCount()).toBe(0)
  })
})
