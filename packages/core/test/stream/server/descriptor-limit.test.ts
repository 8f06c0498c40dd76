import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { createDescriptorLimit, readLimit } from '../../../src/lib/stream/server/descriptor-limit.js'

describe('createDescriptorLimit', () => {
  it('DescriptorLimit.isOver() keeps sixteen descriptors below the limit free', () => {
    const limit = createDescriptorLimit(() => 100)
    expect([83, 84, 99].map((descriptor) => limit.isOver(descriptor))).toEqual([false, true, true])
  })

  it('DescriptorLimit.isOver() is false where descriptors or the limit are not known', () => {
    expect(createDescriptorLimit(() => 100).isOver(undefined)).toBe(false)
    expect(createDescriptorLimit(() => 100).isOver(-1)).toBe(false)
    for (const limit of [Infinity, undefined])
      expect(createDescriptorLimit(() => limit).isOver(1_000_000)).toBe(false)
  })

  it('DescriptorLimit.isOver() uses the last known limit when there is no descriptor left to read it with (G1)', () => {
    const limits = [100, undefined]
    const limit = createDescriptorLimit(() => limits.shift())
    expect([10, 99, 99].map((descriptor) => limit.isOver(descriptor))).toEqual([false, true, true])
  })

  it('DescriptorLimit.isOver() reads the limit once, and again before it refuses a peer', () => {
    const limits = [100, 200, 200]
    let reads = 0
    const limit = createDescriptorLimit(() => limits[reads++] ?? 0)
    expect([10, 20, 90, 150].map((descriptor) => limit.isOver(descriptor))).toEqual(Array(4).fill(false))
    expect(reads).toBe(2)
    expect(limit.isOver(190)).toBe(true)
  })
})

describe('readLimit', () => {
  it('readLimit() is the soft limit of the process', () => {
    if (process.platform !== 'linux') return expect(readLimit()).toBeUndefined()
    const shell = execFileSync('sh', ['-c', 'ulimit -S -n'], { encoding: 'utf8' }).trim()
    return expect(readLimit()).toBe(shell === 'unlimited' ? Infinity : Number(shell))
  })
})
