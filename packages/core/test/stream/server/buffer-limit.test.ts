import { describe, expect, it } from '@jest/globals'
import { BufferLimit } from '../../../src/lib/stream/server/buffer-limit.js'

/** A connection with this many queued bytes, until it is reset. */
class FakeConnection {
  readonly told: string[] = []
  counted = 0
  #bytes: number

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  get waitingBytes(): number {
    this.counted += 1
    return this.#bytes
  }
  set waitingBytes(bytes: number) {
    this.#bytes = bytes
  }

  overflow(limit: string): void {
    this.told.push(limit)
    this.#bytes = 0
  }
}

const connections = (...bytes: number[]): FakeConnection[] => bytes.map((count) => new FakeConnection(count))

describe('BufferLimit', () => {
  it('BufferLimit.add() looks at no connection while the sum of written bytes is within the limit', () => {
    const all = connections(0, 0)
    const bufferLimit = new BufferLimit(1_000, all)
    for (let write = 0; write < 10; write++) bufferLimit.add(100)
    expect(all.map(({ counted }) => counted)).toEqual([0, 0])
  })

  it('BufferLimit.add() resets no connection for bytes that were taken in the meantime', () => {
    const all = connections(500, 499)
    const bufferLimit = new BufferLimit(1_000, all)
    for (let write = 0; write < 100; write++) bufferLimit.add(1_000)
    expect(all.flatMap(({ told }) => told)).toEqual([])
  })

  it('BufferLimit.add() over the limit resets the connections with the most bytes, and only until it is enough', () => {
    const all = connections(100, 700, 300, 600)
    new BufferLimit(1_000, all).add(1_700)
    expect(all.map(({ told }) => told.length)).toEqual([0, 1, 0, 0])
    expect(all[1]?.told).toEqual(['"maxBufferedBytes" is 1000'])
    const more = connections(100, 700, 300, 600)
    new BufferLimit(999, more).add(1_700)
    expect(more.map(({ told }) => told.length)).toEqual([0, 1, 0, 1])
  })

  it('BufferLimit.add() near the limit does not count again with each write, and exceeds it by at most a sixteenth', () => {
    const [one] = connections(0) as [FakeConnection]
    const bufferLimit = new BufferLimit(1_600, [one])
    let waiting = 0
    let most = 0
    for (let write = 0; one.told.length === 0; write++) {
      waiting += 1
      one.waitingBytes = waiting
      most = Math.max(most, waiting)
      bufferLimit.add(1)
    }
    expect(most).toBeLessThanOrEqual(1_701)
    expect(one.counted).toBe(1)
  })
})
