import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import { executionAsyncId } from 'node:async_hooks'
import { once } from 'node:events'
import { connect } from 'node:net'
import { engine, type NativeSocket } from '../src/index.js'
import { watch } from './support/async-resources.js'
import { describeNative } from './support/needs.js'
import { createPair, listenOnIp, readBytes, type Witness } from './support/pair.js'

let before: Inventory
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(() => assertNothingLeft(before, () => []))

describeNative('NativeStreamPort', () => {
  it('NativeStreamPort delivers chunks that stay as they were, however many come after them', async () => {
    const { ours, peer, witness } = await createPair()
    for (let round = 0; round < 300; round++) {
      peer.write(Buffer.alloc(700, round))
      await witness.until(({ bytes }) => bytes === 700 * (round + 1))
    }
    const all = Buffer.concat(witness.chunks)
    for (let round = 0; round < 300; round++) expect(all[700 * round + 699]).toBe(round & 255)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort delivers nothing while paused, and everything after resume()', async () => {
    const { ours, peer, witness } = await createPair()
    ours.pause()
    peer.write(Buffer.alloc(3_000_000, 7))
    // Bytes that were already read may still arrive after the pause; then none do, in many turns of the loop.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(witness.bytes).toBeLessThanOrEqual(65_536)
    ours.resume()
    await witness.until(({ bytes }) => bytes === 3_000_000)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  }, 10_000)

  it('NativeStreamPort writes everything in order, small and large, from inside and outside of a batch', async () => {
    const { ours, peer, witness } = await createPair()
    const sizes = [10, 100_000, 1, 4096, 4097, 5_000_000, 64, 300]
    const expected: Buffer[] = []
    const write = (size: number, fill: number): void => {
      const data = Buffer.alloc(size, fill)
      expected.push(data)
      ours.write(data)
    }
    witness.onChunk = () => sizes.forEach((size, index) => write(size, index + 1))
    peer.write('go')
    await witness.until(({ bytes }) => bytes === 2)
    sizes.forEach((size, index) => write(size, index + 101))
    const total = expected.reduce((sum, { length }) => sum + length, 0)
    const received = await readBytes(peer, total)
    expect(received.equals(Buffer.concat(expected))).toBe(true)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort writes in order when what was gathered stalls before and at the end of the batch', async () => {
    const { ours, peer, witness } = await createPair()
    // Far more than the system and the memory of one batch hold: 40 MB in pieces that are gathered.
    const pieces = 10_000
    witness.onChunk = () => {
      for (let index = 0; index < pieces; index++) {
        const piece = Buffer.alloc(4000)
        piece.writeUInt32LE(index)
        ours.write(piece)
      }
    }
    peer.write('go')
    await witness.until(({ bytes }) => bytes === 2)
    expect(ours.bufferedBytes).toBeGreaterThan(0)
    ours.requestDrain()
    const received = await readBytes(peer, pieces * 4000)
    for (let index = 0; index < pieces; index++) expect(received.readUInt32LE(index * 4000)).toBe(index)
    await witness.has('drained')
    expect(ours.bufferedBytes).toBe(0)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort writes in order when the memory of the batch is full, and what was in it stalls', async () => {
    const { ours, peer, witness } = await createPair()
    // As little as the system allows, so that the first flush fills it.
    ;(ours.socket as NativeSocket).setOption('sendBuffer', 1)
    const pieces = 200
    witness.onChunk = () => {
      for (let index = 0; index < pieces; index++) ours.write(Buffer.alloc(4000, index))
    }
    peer.write('go')
    await witness.until(({ bytes }) => bytes === 2)
    const received = await readBytes(peer, pieces * 4000)
    for (let index = 0; index < pieces; index++) expect(received[index * 4000]).toBe(index)
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort sends what a callback, its promises and its ticks have written before it waits again', async () => {
    const { ours, peer, witness } = await createPair()
    witness.onChunk = () => {
      ours.write(Buffer.from('a'))
      queueMicrotask(() => {
        ours.write(Buffer.from('b'))
        process.nextTick(() => ours.write(Buffer.from('c')))
      })
    }
    peer.write('go')
    expect(String(await readBytes(peer, 3))).toBe('abc')
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort copies a small write, so that its buffer may change', async () => {
    const { ours, peer, witness } = await createPair()
    witness.onChunk = (chunk) => {
      ours.write(chunk)
      chunk.fill(0)
    }
    peer.write('keep')
    expect(String(await readBytes(peer, 4))).toBe('keep')
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('shutdownWrite() sends FIN after everything written, and reading goes on', async () => {
    const { ours, peer, witness } = await createPair()
    witness.onChunk = () => {
      if (witness.bytes > 2) return
      ours.write(Buffer.from('last words'))
      ours.write(Buffer.alloc(3_000_000))
      ours.shutdownWrite()
      expect(witness.told).toEqual([])
    }
    peer.write('go')
    let bytes = 0
    peer.on('data', (chunk: Buffer) => (bytes += chunk.length))
    await once(peer, 'end')
    expect(bytes).toBe(3_000_010)
    await witness.has('flushed')
    peer.end('and more')
    await witness.has('ended')
    expect(String(Buffer.concat(witness.chunks))).toBe('goand more')
    ours.destroy()
    await witness.has('closed')
    expect(witness.told).toEqual(['flushed', 'ended', 'closed'])
    peer.destroy()
  })

  it('shutdownWrite() after the end of the peer sends FIN, whether the port is destroyed then or not', async () => {
    for (const isClosed of [true, false]) {
      const { ours, peer, witness } = await createPair()
      witness.onTold = (what) => {
        if (what === 'ended') ours.shutdownWrite()
        if (what === 'flushed' && isClosed) ours.destroy()
      }
      peer.end('go')
      await once(peer.resume(), 'end')
      await witness.has('flushed')
      ours.destroy()
      await witness.has('closed')
      peer.destroy()
    }
  })

  it('destroy() sends the gathered writes, closes, and calls the sink only after it has returned', async () => {
    const { ours, peer, witness } = await createPair()
    witness.onChunk = () => {
      ours.write(Buffer.from('bye'))
      ours.destroy()
      ours.destroy()
      ours.write(Buffer.from('too late'))
      expect(witness.told).toEqual([])
    }
    peer.write('go')
    expect(String(await readBytes(peer, 3))).toBe('bye')
    await witness.has('closed')
    expect(witness.told).toEqual(['closed'])
    expect(witness.error).toBeUndefined()
    peer.destroy()
  })

  it('reset() lets the peer see a reset', async () => {
    const { ours, peer, witness } = await createPair()
    const failed = once(peer, 'error')
    ours.reset()
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' })
    await witness.has('closed')
  })

  it('reset() after a complete answer does not cut it off, though the peer has read nothing of it yet', async () => {
    const { ours, peer, witness } = await createPair()
    const answer = Buffer.alloc(300_000, 'answer')
    ours.write(answer)
    ours.shutdownWrite()
    // The system has taken all of it, more than the peer has room for.
    await witness.has('flushed')
    ours.reset()
    await witness.has('closed')
    const ended = once(peer, 'end')
    expect((await readBytes(peer, answer.length)).equals(answer)).toBe(true)
    peer.resume()
    await ended
    peer.destroy()
  })

  it('ended() is called once, also if a handler of the same batch pauses and resumes the port before that', async () => {
    const { ours, peer, witness } = await createPair()
    const first = await createPair()
    first.ours.pause()
    ours.pause()
    first.peer.write('x')
    peer.end()
    await once(peer, 'finish')
    first.witness.onChunk = () => {
      ours.pause()
      ours.resume()
    }
    // Both have something to read now: one batch has both.
    first.ours.resume()
    ours.resume()
    await witness.has('ended')
    first.peer.write('y')
    await first.witness.until(({ bytes }) => bytes === 2)
    expect(witness.told).toEqual(['ended'])
    for (const port of [ours, first.ours]) port.destroy()
    await Promise.all([witness.has('closed'), first.witness.has('closed')])
    for (const socket of [peer, first.peer]) socket.destroy()
  })

  it('closed() gets the error of a reset, as Node words it', async () => {
    const { ours, peer, witness } = await createPair()
    peer.resetAndDestroy()
    await witness.has('closed')
    expect(witness.error).toMatchObject({ code: 'ECONNRESET', errno: -104, syscall: 'read' })
    expect(witness.error?.message).toBe('read ECONNRESET')
    // The event loop has learnt of it: there is no code of the program to name.
    expect(witness.error?.stack).toBe('Error: read ECONNRESET')
    ours.write(Buffer.from('x'))
    ours.shutdownWrite()
    ours.pause()
    ours.resume()
    ours.reset()
    expect(ours.bufferedBytes).toBe(0)
  })

  it('a write to a closed peer closes the port with the error, in a batch or outside', async () => {
    for (const where of ['inside', 'outside']) {
      const { ours, peer, witness } = await createPair()
      ours.pause()
      const other = await createPair()
      peer.resetAndDestroy()
      await once(peer, 'close')
      if (where === 'inside') {
        other.witness.onChunk = () => ours.write(Buffer.from('x'))
        other.peer.write('go')
      } else {
        // The first writes may succeed, until the system has received the reset.
        while (!witness.told.includes('closed')) {
          ours.write(Buffer.from('x'))
          await new Promise(setImmediate)
        }
      }
      await witness.has('closed')
      expect(['EPIPE', 'ECONNRESET']).toContain(witness.error?.code)
      expect(witness.error?.syscall).toBe('write')
      other.ours.destroy()
      other.peer.destroy()
      await other.witness.has('closed')
    }
  })

  it('requestDrain() with nothing waiting is answered later', async () => {
    const { ours, peer, witness } = await createPair()
    ours.requestDrain()
    expect(witness.told).toEqual([])
    await witness.has('drained')
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort delivers nothing to connections that were destroyed in the same batch', async () => {
    const pairs = await Promise.all(Array.from({ length: 8 }, () => createPair()))
    let closers = 0
    for (const { witness } of pairs) {
      witness.onChunk = () => {
        closers += 1
        for (const other of pairs) if (other.witness !== witness) other.ours.destroy()
      }
    }
    for (const { peer } of pairs) peer.write('now')
    await Promise.all(pairs.slice(1).map(({ witness }) => witness.has('closed')))
    await new Promise(setImmediate)
    expect(closers).toBe(1)
    for (const { ours, peer } of pairs) {
      ours.destroy()
      peer.destroy()
    }
    await Promise.all(pairs.map(({ witness }) => witness.has('closed')))
  })

  it('a flooding peer does not hold up timers and other peers', async () => {
    const flood = await createPair()
    const quiet = await createPair()
    flood.peer.on('drain', () => flood.peer.write(Buffer.alloc(1 << 20)))
    flood.peer.write(Buffer.alloc(4 << 20))
    await flood.witness.until(({ bytes }) => bytes > 1 << 20)
    for (let round = 0; round < 20; round++) {
      quiet.peer.write('?')
      await quiet.witness.until(({ bytes }) => bytes === round + 1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    for (const { ours, peer, witness } of [flood, quiet]) {
      peer.destroy()
      ours.destroy()
      await witness.has('closed')
    }
  })

  it('NativeStreamPort does not write again to the memory of chunks that was transferred', async () => {
    const { ours, peer, witness } = await createPair()
    const moved: Buffer[] = []
    for (let round = 1; round <= 20; round++) {
      peer.write(Buffer.alloc(1000, round))
      await witness.until(({ bytes }) => bytes === 1000 * round)
      const last = witness.chunks.at(-1) as Buffer
      moved.push(await moveIntoStream(last))
    }
    for (const [index, data] of moved.entries()) expect(data).toEqual(Buffer.alloc(1000, index + 1))
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('NativeStreamPort skips a queued buffer that was transferred', async () => {
    const { ours, peer, witness } = await createPair()
    ours.write(Buffer.alloc(8_000_000))
    const gone = new Uint8Array(100_000)
    ours.write(gone)
    ours.write(Buffer.from('end'))
    structuredClone(gone, { transfer: [gone.buffer] })
    const received = await readBytes(peer, 8_000_003)
    expect(String(received.subarray(8_000_000))).toBe('end')
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  })

  it('destroy() closes a connection that was never started', async () => {
    const { listener, port, next } = await listenOnIp()
    const coming = next()
    const peer = connect({ host: '127.0.0.1', port })
    const ours = await coming
    ours.destroy()
    await once(peer.resume(), 'end')
    peer.destroy()
    await listener.close()
  })
})

/** A stream of bytes takes the memory of a chunk, even if it is marked, before Node 24. @returns the chunk in it, or the same */
async function moveIntoStream(chunk: Buffer): Promise<Buffer> {
  try {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(chunk) })
    const { value } = (await stream.getReader().read()) as { value: Uint8Array }
    return Buffer.from(value.buffer, value.byteOffset, value.length)
  } catch (error) {
    if ((error as Error).name !== 'TypeError') throw error
    return chunk
  }
}

/** Records the asynchronous id of each chunk. */
function idsAtChunks(witness: Witness): number[] {
  const ids: number[] = []
  witness.onChunk = () => void ids.push(executionAsyncId())
  return ids
}

describeNative('the asynchronous resource of a connection', () => {
  it('the asynchronous resource of a connection is its own: all its callbacks run in it, and it is destroyed after the end', async () => {
    const { idsOf, whenGone } = watch()
    const pairs = [await createPair(), await createPair()]
    const [first = [], second = []] = pairs.map(({ witness }) => idsAtChunks(witness))
    const ends: number[] = []
    for (const { witness, peer } of pairs) {
      witness.onTold = () => void ends.push(executionAsyncId())
      for (let count = 1; count <= 3; count++) {
        peer.write('x')
        await witness.until(({ bytes }) => bytes === count)
      }
    }
    const ids = idsOf('SOCKCONNECTION')
    expect(new Set(ids).size).toBe(2)
    expect(first).toEqual([ids[0], ids[0], ids[0]])
    expect(second).toEqual([ids[1], ids[1], ids[1]])
    for (const { ours, peer, witness } of pairs) {
      peer.end()
      await witness.has('ended')
      ours.destroy()
      await witness.has('closed')
    }
    expect(ends).toEqual([ids[0], ids[0], ids[1], ids[1]])
    await whenGone('SOCKCONNECTION')
  })

  it('the asynchronous resource of a connection that is not accepted is destroyed, too', async () => {
    const { idsOf, whenGone } = watch()
    const { listener, port } = await listenOnIp(engine, { accept: (refused) => refused.destroy() })
    const peer = connect({ host: '127.0.0.1', port })
    peer.on('error', () => undefined).resume()
    await new Promise((resolve) => peer.once('close', resolve))
    await listener.close()
    expect(idsOf('SOCKCONNECTION')).toHaveLength(1)
    await whenGone('SOCKCONNECTION')
  })
})
