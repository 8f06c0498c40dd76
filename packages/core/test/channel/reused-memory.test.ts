import { describe, expect, it } from '@jest/globals'
import { markReused, ownBytes } from '../../src/lib/channel/reused-memory.js'

describe('ownBytes()', () => {
  it('ownBytes() copies what is in memory that is read into again, and nothing else', () => {
    const chunk = Buffer.from(Uint8Array.from(Buffer.from('chunk')).buffer)
    markReused(chunk.buffer)
    const copy = ownBytes(chunk.subarray(1))
    chunk.fill('x')
    expect(String(copy)).toBe('hunk')
    const other = Buffer.from('other')
    expect(ownBytes(other)).toBe(other)
  })
})
