import { describe, expect, it } from '@jest/globals'
import { decode, encode, FrameError, FrameReader } from '../../src/soak/frames.js'

describe('FrameReader', () => {
  it('push() finds the same frames however they are cut into chunks', () => {
    const frames = [encode('data', 7, 0, 0, 5), encode('data', 7, 1, 300), encode('finish', 7, 2, 64)]
    const bytes = Buffer.concat(frames)
    for (const size of [1, 7, 16, 100, bytes.length]) {
      const reader = new FrameReader()
      const found = []
      for (let at = 0; at < bytes.length; at += size)
        found.push(...reader.push(bytes.subarray(at, at + size)))
      expect(found.map(({ op, sequence }) => `${op} ${sequence}`)).toEqual(['data 0', 'data 1', 'finish 2'])
      expect(reader.isInside).toBe(false)
    }
  })

  it('push() refuses a single changed byte, and a byte too few', () => {
    const changed = encode('data', 7, 1, 300)
    changed[200] = (changed[200] as number) ^ 1
    expect(() => [...new FrameReader().push(changed)]).toThrow(FrameError)
    const whole = encode('data', 7, 1, 300)
    const missing = Buffer.concat([whole.subarray(0, 100), whole.subarray(101), encode('data', 7, 2, 300)])
    expect(() => [...new FrameReader().push(missing)]).toThrow(FrameError)
  })

  it('decode() takes one whole frame and nothing else', () => {
    expect(decode(encode('ack', 1, 2, 30, 4))).toMatchObject({
      op: 'ack',
      session: 1,
      sequence: 2,
      wanted: 4,
    })
    expect(() => decode(encode('ack', 1, 2, 30).subarray(0, 40))).toThrow(FrameError)
    expect(() => decode(Buffer.alloc(0))).toThrow(FrameError)
  })
})
