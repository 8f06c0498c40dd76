import { describe, expect, it } from '@jest/globals'
import { Carry } from '../src/lib/carry.js'

/** Appends texts, each as a chunk of its own. */
function carryOf(...texts: string[]): Carry {
  const carry = new Carry()
  for (const text of texts) carry.append(Buffer.from(text), 0, text.length)
  return carry
}

describe('Carry', () => {
  it('Carry.append() copies a part of a chunk behind what is there', () => {
    const carry = carryOf('ab')
    const chunk = Buffer.from('xcdx')
    carry.append(chunk, 1, 3)
    chunk.fill('-')
    expect([carry.length, String(carry.view)]).toEqual([4, 'abcd'])
  })

  it('Carry.append() byte by byte copies each byte only a few times, and keeps no more than twice the bytes', () => {
    const carry = new Carry()
    const byte = Buffer.from('x')
    const memory = new Set<ArrayBufferLike>()
    for (let count = 0; count < 100_000; count++) {
      carry.append(byte, 0, 1)
      memory.add(carry.view.buffer)
    }
    expect(carry.length).toBe(100_000)
    expect(memory.size).toBeLessThan(20)
    expect(carry.view.buffer.byteLength).toBeLessThanOrEqual(200_000)
  })

  it('Carry.append() takes the memory of a declared size when half of it is there, and not before', () => {
    const carry = new Carry()
    const total = 1_000_000
    carry.append(Buffer.alloc(1_000), 0, 1_000, total)
    expect(carry.view.buffer.byteLength).toBeLessThanOrEqual(10_000)
    carry.append(Buffer.alloc(total), 0, total / 2, total)
    const { buffer } = carry.view
    expect(buffer.byteLength).toBe(total)
    carry.append(Buffer.alloc(total), 0, total / 2 - 1_000, total)
    expect([carry.length, carry.view.buffer === buffer]).toEqual([total, true])
  })

  it('Carry.drop() drops the first bytes, also all of them', () => {
    const carry = carryOf('abcd')
    carry.drop(0)
    carry.drop(3)
    expect(String(carry.view)).toBe('d')
    carry.drop(1)
    expect(carry.length).toBe(0)
    carry.append(Buffer.from('new'), 0, 3)
    expect(String(carry.view)).toBe('new')
  })

  it('Carry.take() returns the bytes, which later ones do not overwrite', () => {
    const carry = carryOf('first')
    const first = carry.take()
    carry.append(Buffer.from('second'), 0, 6)
    expect([String(first), String(carry.take()), carry.length]).toEqual(['first', 'second', 0])
  })
})
