import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { lengthPrefixed, lines, type Codec } from '../src/index.js'
import { FrameInput, NOTHING } from '../src/lib/frame-input.js'

/** The frames that are there now. */
function take<In>(input: FrameInput<In>): In[] {
  const frames: In[] = []
  for (let frame = input.next(); frame !== NOTHING; frame = input.next()) frames.push(frame)
  return frames
}

const bytes = (text: string): Buffer => Buffer.from(text)

describe('FrameInput', () => {
  it('FrameInput.next() returns one frame after the other, and NOTHING until the next chunk', () => {
    const input = new FrameInput(lines())
    expect(input.next()).toBe(NOTHING)
    input.push(bytes('a\nb\nc'))
    expect([take(input), input.isReady, input.isPartial]).toEqual([['a', 'b'], false, true])
    input.push(bytes('d\n'))
    expect([take(input), input.isPartial]).toEqual([['cd'], false])
  })

  it('FrameInput.next() decodes only a few frames ahead, since a slow handler must not fill the memory', () => {
    const codec = lines()
    let decoded = 0
    const counting: Codec<string> = {
      ...codec,
      decoder() {
        const decoder = codec.decoder()
        const push: typeof decoder.push = (chunk, emit, from) =>
          decoder.push(chunk, (frame) => ((decoded += 1), emit(frame)), from)
        return { push, end: (emit) => decoder.end(emit) }
      },
    }
    const input = new FrameInput(counting)
    input.push(bytes('x\n'.repeat(10_000)))
    input.next()
    expect(decoded).toBeLessThan(100)
    expect(take(input)).toHaveLength(9_999)
  })

  it('FrameInput.next() returns the frames before an error, and then throws the error each time', () => {
    const input = new FrameInput(lines({ maxBytes: 3 }))
    input.push(bytes('a\ntoo long\nb\n'))
    expect(input.next()).toBe('a')
    const error = thrown(() => input.next())
    expect(error).toMatchObject({ code: 'ERR_SOCK_FRAME_TOO_LARGE' })
    expect(thrown(() => input.next())).toBe(error)
  })

  it('FrameInput.end() makes the rest the last frame, or an error with the part that had arrived', () => {
    const last = new FrameInput(lines())
    last.push(bytes('a\nb'))
    expect(take(last)).toEqual(['a'])
    last.end()
    expect(take(last)).toEqual(['b'])
    const part = new FrameInput(lengthPrefixed({ bytes: 1 }))
    part.push(bytes('\u0005abc'))
    expect(take(part)).toEqual([])
    part.end()
    expect(thrown(() => part.next())).toMatchObject({
      code: 'ERR_SOCK_FRAME_INCOMPLETE',
      partial: bytes('\u0005abc'),
    })
  })

  it('FrameInput.push() of a datagram that was cut gives its whole frames, and an error for the part', () => {
    const input = new FrameInput(lines())
    input.push(bytes('a\nb'), 'cut')
    expect(input.next()).toBe('a')
    expect(thrown(() => input.next())).toMatchObject({
      code: 'ERR_SOCK_FRAME_INCOMPLETE',
      message: 'Frame is incomplete: 1 bytes had arrived before the datagram was cut off',
      partial: bytes('b'),
    })
  })

  it('FrameInput.takePartial() returns the bytes of the incomplete frame, and none the second time', () => {
    const input = new FrameInput(lengthPrefixed({ bytes: 1 }))
    input.push(bytes('\u0005abc'))
    take(input)
    expect([input.takePartial(), input.takePartial()]).toEqual([bytes('\u0005abc'), bytes('')])
  })
})
