import { describe, expect, it } from '@jest/globals'
import { DATAGRAM_OVERHEAD, ReceiveQueue } from '../../src/lib/datagram/receive-queue.js'
import { createFakeDatagramPort } from '@sock/testing'

const push = (queue: ReceiveQueue, text: string): boolean => queue.push(Buffer.from(text), undefined, false)
const take = (data: Buffer): string => String(data)
const cost = (bytes: number): number => bytes + DATAGRAM_OVERHEAD

describe('ReceiveQueue.push', () => {
  it('ReceiveQueue.push() takes what fits, and says when there is no room', () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 2 * cost(1))
    expect(['a', 'b', 'c'].map((text) => push(queue, text))).toEqual([true, true, false])
    expect(String(queue.shift()?.data)).toBe('a')
    expect(push(queue, 'd')).toBe(true)
    expect([queue.shift(), queue.shift(), queue.shift()].map((each) => each && take(each.data))).toEqual([
      'b',
      'd',
      undefined,
    ])
  })

  it('ReceiveQueue.push() bounds empty datagrams too', () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 10 * cost(0))
    const taken = Array.from({ length: 1_000 }, () => push(queue, ''))
    expect(taken.filter(Boolean)).toHaveLength(10)
  })

  it('ReceiveQueue.push() takes one datagram however large, and any number if there is no limit', () => {
    const small = new ReceiveQueue(createFakeDatagramPort(), 1)
    expect(['a large one', 'b'].map((text) => push(small, text))).toEqual([true, false])
    const endless = new ReceiveQueue(createFakeDatagramPort(), Infinity)
    for (let count = 0; count < 1_000; count++) expect(push(endless, 'x')).toBe(true)
  })

  it('ReceiveQueue.push() gives to the reader that waits, whatever the limit', async () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 1)
    const reading = queue.next(take, 'end')
    expect(queue.hasReader).toBe(true)
    expect(push(queue, 'a')).toBe(true)
    expect(await reading).toBe('a')
    expect([queue.hasReader, queue.isEmpty]).toEqual([false, true])
  })

  it('ReceiveQueue.push() pauses a port that can pause instead of dropping, and resumes it when half is left', () => {
    const port = createFakeDatagramPort({ canPause: true })
    const queue = new ReceiveQueue(port, 4 * cost(1))
    for (let count = 0; count < 7; count++) expect(push(queue, 'x')).toBe(true)
    expect(port.calls).toEqual(['pause'])
    for (let left = 6; left >= 3; left--) queue.shift()
    expect(port.calls).toEqual(['pause'])
    queue.shift()
    expect(port.calls).toEqual(['pause', 'resume'])
    queue.shift()
    expect(port.calls).toEqual(['pause', 'resume'])
  })
})

describe('ReceiveQueue.next', () => {
  it('ReceiveQueue.next() gives queued datagrams even after the end, then the end', async () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 1_000)
    push(queue, 'a')
    queue.end()
    expect([await queue.next(take, 'end'), await queue.next(take, 'end')]).toEqual(['a', 'end'])
  })

  it('ReceiveQueue.next() rejects while another waits', async () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 1_000)
    const first = queue.next(take, 'end')
    await expect(queue.next(take, 'end')).rejects.toMatchObject({ code: 'ERR_SOCK_INVALID_STATE' })
    queue.endReader()
    expect(await first).toBe('end')
  })

  it('ReceiveQueue.next() rejects when the reader that waits is failed, and only then', async () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 1_000)
    expect(queue.failReader(new Error('nobody hears'))).toBe(false)
    const reading = queue.next(take, 'end')
    expect(queue.failReader(new Error('heard'))).toBe(true)
    await expect(reading).rejects.toThrow('heard')
    push(queue, 'a')
    expect(await queue.next(take, 'end')).toBe('a')
  })
})

describe('ReceiveQueue.clear', () => {
  it('ReceiveQueue.clear() says how many it threw away, and makes room', () => {
    const queue = new ReceiveQueue(createFakeDatagramPort(), 2 * cost(1))
    for (const text of ['a', 'b', 'c']) push(queue, text)
    expect(queue.clear()).toBe(2)
    expect(queue.clear()).toBe(0)
    expect(push(queue, 'd')).toBe(true)
  })
})
