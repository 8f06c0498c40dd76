import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { lengthPrefixed, lines, type Codec, type Emit } from '../src/index.js'
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
    expect([take(input), input.isReady, input.partialBytes]).toEqual([['a', 'b'], false, 1])
    input.push(bytes('d\n'))
    expect([take(input), input.partialBytes]).toEqual([['cd'], 0])
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

  it.each<[string, (chunk: Buffer, from: number) => unknown]>([
    ['the same index', (_, from) => from],
    ['an index before', (_, from) => from - 1],
    ['an index behind the chunk', (chunk) => chunk.length + 1],
    ['NaN', () => NaN],
    ['a fraction', () => 0.5],
    ['a string', () => '1'],
    ['a promise', () => Promise.resolve()],
    ['a promise that rejects', () => Promise.reject(new Error('inside'))],
  ])('FrameInput.next() fails once if the decoder returns %s', (_, push) => {
    const codec = {
      decoder: () => ({
        push(chunk: Buffer, emit: Emit<string>, from: number) {
          emit('one')
          return push(chunk, from)
        },
        end() {},
      }),
      encode: () => [],
    }
    const input = new FrameInput(codec as unknown as Codec<string>)
    input.push(bytes('abc'))
    expect(input.next()).toBe('one')
    expect(thrown(() => input.next())).toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(
        /^Invalid "push\(\) of the decoder": expected nothing, or the index .* from 1 to 3, got/,
      ),
    })
  })

  it.each([['undefined'], [undefined], [null]])(
    'FrameInput.next() fails if the decoder throws %p',
    (value) => {
      const push = (): never => {
        // oxlint-disable-next-line typescript/only-throw-error -- a codec may throw anything
        throw value
      }
      const input = new FrameInput({ decoder: () => ({ push, end: push }), encode: () => [] })
      input.push(bytes('abc'))
      expect(thrown(() => input.next())).toMatchObject({ message: `${value}` })
      expect([input.takePartial(), input.isEmpty]).toEqual([bytes(''), false])
    },
  )

  it.each([[undefined], [null], [{}], [{ push() {} }], [Promise.resolve()]])(
    'FrameInput refuses the decoder %p',
    (decoder) => {
      const codec = { decoder: () => decoder, encode: () => [] }
      expect(thrown(() => new FrameInput(codec as never))).toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining(
          'Invalid "codec.decoder()": expected an object with push() and end(), got',
        ),
      })
    },
  )
})
