import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Loop, type SocketEvents } from '../src/lib/loop.js'
import { header, kinds } from '../src/lib/numbers.js'
import { createFakeAddon } from './support/fake-addon.js'

afterEach(() => void jest.restoreAllMocks())

/** A socket that does this with each chunk. */
function socket(chunk: (data: Buffer) => void): SocketEvents {
  return { scope: undefined, chunk, event: () => undefined, stalled: () => undefined }
}

describe('Loop', () => {
  it('Loop gives back a reused chunk whose connection was closed earlier in the same batch', () => {
    const { addon, inUse, slabs, reused, deliver } = createFakeAddon()
    const loop = new Loop(addon)
    const seen: string[] = []
    loop.register(
      1,
      socket(() => (seen.push('first'), loop.close(2))),
    )
    loop.register(
      2,
      socket(() => seen.push('second')),
    )
    slabs.push(reused[0])
    // The addon counts both chunks.
    inUse[0] = 2
    deliver([1, kinds.reused, 0, 4], [2, kinds.reused, 4, 4])
    expect([seen, inUse[0]]).toEqual([['first'], 1])
  })

  it('Loop.gather() sends what was gathered for longer than a millisecond before the batch ends', () => {
    let now = 1_000
    jest.spyOn(performance, 'now').mockImplementation(() => now)
    const flushed: number[] = []
    const { addon, memory, slabs, deliver } = createFakeAddon({
      flush() {
        flushed.push(memory[header.operations] as number)
        memory[header.operations] = 0
        return 0
      },
    })
    const loop = new Loop(addon)
    const seen: string[] = []
    const answer = (): void => {
      for (let count = 0; count < 9; count++) {
        if (count === 8) now += 2
        seen.push(`${loop.gather(1, Buffer.from('x'))}, ${flushed.length}`)
      }
    }
    loop.register(1, socket(answer))
    slabs.push(new ArrayBuffer(8))
    memory[header.gathering] = 1
    deliver([1, kinds.chunk, 0, 1])
    expect([seen, flushed]).toEqual([[...Array(8).fill('true, 0'), 'true, 1'], [9]])
  })

  it('Loop.gather() takes nothing outside of a batch, and no write of more than 4,096 bytes', () => {
    const { addon, memory } = createFakeAddon()
    const loop = new Loop(addon)
    expect(loop.gather(1, Buffer.alloc(1))).toBe(false)
    memory[header.gathering] = 1
    expect([loop.gather(1, Buffer.alloc(4_097)), memory[header.operations]]).toEqual([false, 0])
  })
})
