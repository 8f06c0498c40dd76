import { describe, expect, it } from '@jest/globals'
import { ReusedChunks } from '../src/lib/reused-chunks.js'
import { SendQueue } from '../src/lib/send-queue.js'

/** A queue, and a system that accepts so many bytes in turn; a negative number is an errno. */
function create(accepted: number[]) {
  const slab = new ArrayBuffer(16)
  const inUse = new Int32Array(1)
  const queue = new SendQueue(new ReusedChunks([slab], inUse, false))
  const given: [string, number][] = []
  const addon = {
    sendQueue(_slot: number, buffers: Uint8Array[], offset: number) {
      given.push([Buffer.concat(buffers).toString('latin1'), offset])
      return accepted.shift() ?? 0
    },
  }
  return { queue, slab, inUse, given, send: () => queue.send(addon as never, 1) }
}

describe('SendQueue', () => {
  it('SendQueue.send() goes on where the system has stopped, in the middle of a buffer or between two', () => {
    const { queue, given, send } = create([2, 1, 4, 2])
    for (const text of ['abc', 'defg', 'hi']) queue.push(Buffer.from(text))
    const left: unknown[] = []
    for (let round = 0; round < 4; round++) left.push([send(), queue.bytes, queue.isEmpty])
    expect(given).toEqual([
      ['abcdefghi', 0],
      ['abcdefghi', 2],
      ['defghi', 0],
      ['hi', 0],
    ])
    expect(left).toEqual([
      [0, 7, false],
      [0, 6, false],
      [0, 2, false],
      [0, 0, true],
    ])
  })

  it('SendQueue.send() returns the errno of a failure, and keeps everything', () => {
    const { queue, send } = create([-32])
    queue.push(Buffer.from('abc'))
    expect([send(), queue.bytes, queue.isEmpty]).toEqual([32, 3, false])
  })

  it('SendQueue.send() and drop() give back memory that is read into again, once its bytes have left or will not', () => {
    const { queue, slab, inUse, send } = create([5])
    queue.push(Buffer.from(slab, 0, 4))
    queue.push(Buffer.from(slab, 4, 4))
    expect(inUse[0]).toBe(2)
    send()
    expect(inUse[0]).toBe(1)
    queue.drop()
    expect(inUse[0]).toBe(0)
  })
})
