import { describe, expect, it } from '@jest/globals'
import { Allowance } from '../src/lib/stream/allowance.js'

/** Something that has so many bytes waiting, until it is told to make room. */
class FakeSpender {
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

const spenders = (...bytes: number[]): FakeSpender[] => bytes.map((count) => new FakeSpender(count))

describe('Allowance', () => {
  it('spend() asks nobody as long as all that was written is within the limit', () => {
    const all = spenders(0, 0)
    const allowance = new Allowance(1_000, all)
    for (let write = 0; write < 10; write++) allowance.spend(100)
    expect(all.map(({ counted }) => counted)).toEqual([0, 0])
  })

  it('spend() forgives what was taken in the meantime', () => {
    const all = spenders(500, 499)
    const allowance = new Allowance(1_000, all)
    for (let write = 0; write < 100; write++) allowance.spend(1_000)
    expect(all.flatMap(({ told }) => told)).toEqual([])
  })

  it('spend() over the limit takes from those with the most, and only until it is enough', () => {
    const all = spenders(100, 700, 300, 600)
    new Allowance(1_000, all).spend(1_700)
    expect(all.map(({ told }) => told.length)).toEqual([0, 1, 0, 0])
    expect(all[1]?.told).toEqual(['"maxBufferedBytes" is 1000'])
    const more = spenders(100, 700, 300, 600)
    new Allowance(999, more).spend(1_700)
    expect(more.map(({ told }) => told.length)).toEqual([0, 1, 0, 1])
  })

  it('spend() near the limit does not count again with each write, and lets at most a sixteenth pass', () => {
    const [one] = spenders(0) as [FakeSpender]
    const allowance = new Allowance(1_600, [one])
    let waiting = 0
    let most = 0
    for (let write = 0; one.told.length === 0; write++) {
      waiting += 1
      one.waitingBytes = waiting
      most = Math.max(most, waiting)
      allowance.spend(1)
    }
    expect(most).toBeLessThanOrEqual(1_701)
    expect(one.counted).toBe(1)
  })
})
