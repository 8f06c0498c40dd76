import { describe, expect, it } from '@jest/globals'
import { createFakeStreamPort } from '@sock/testing'
import { markReused, ownBytes } from '../../src/lib/channel/reused-memory.js'
import { ReceiveBuffer } from '../../src/lib/stream/connection/receive-buffer.js'
import { openWith } from '../support/callbacks.js'
import { openFake } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

/** A chunk in memory that is read into again. */
function reusedChunk(text: string): Buffer {
  const chunk = Buffer.from(Uint8Array.from(Buffer.from(text)).buffer)
  markReused(chunk.buffer)
  return chunk
}

/** Records what the handler is said to hold. */
function watchHeld(port: object): string[] {
  const held: string[] = []
  Object.assign(port, { held: (chunk?: Buffer) => held.push(chunk === undefined ? '-' : String(chunk)) })
  return held
}

describe('ownBytes()', () => {
  it('ownBytes() copies a chunk whose memory is read into again, and no other', () => {
    const chunk = reusedChunk('chunk')
    const copy = ownBytes(chunk.subarray(1))
    chunk.fill('x')
    expect(String(copy)).toBe('hunk')
    const other = Buffer.from('other')
    expect(ownBytes(other)).toBe(other)
  })
})

describe('held', () => {
  it('port.held() is told the chunk that a reader has, until its next read', async () => {
    const port = createFakeStreamPort()
    const held = watchHeld(port)
    const receiveBuffer = new ReceiveBuffer(port, 10)
    receiveBuffer.push(Buffer.from('a'))
    receiveBuffer.push(Buffer.from('b'))
    await receiveBuffer.read()
    expect(held).toEqual(['a'])
    await receiveBuffer.next()
    expect(held).toEqual(['a', 'b'])
    const reading = receiveBuffer.read()
    expect(held).toEqual(['a', 'b', '-'])
    receiveBuffer.push(Buffer.from('c'))
    await reading
    receiveBuffer.end()
    await receiveBuffer.read()
    expect(held).toEqual(['a', 'b', '-', 'c', '-'])
  })

  it('port.held() is told the chunk of the callback data, until that returns or its promise settles', async () => {
    const waiting: (() => void)[] = []
    const { port } = await openWith({
      data: (_, chunk) =>
        String(chunk) === 'now' ? undefined : new Promise((done) => waiting.push(() => done())),
    })
    const held = watchHeld(port)
    port.receive('now')
    expect(held.splice(0)).toEqual(['now', '-'])
    port.receive('later')
    port.receive('next')
    await settle()
    expect(held.splice(0)).toEqual(['later'])
    waiting.shift()?.()
    await settle()
    expect(held).toEqual(['-', 'next'])
  })

  it('port.keepChunks() is called before connection.stream reads', async () => {
    const { connection, port } = await openFake()
    const calls: string[] = []
    Object.assign(port, { keepChunks: () => calls.push('keep'), held: () => calls.push('held') })
    connection.stream.resume()
    await settle()
    expect(calls[0]).toBe('keep')
  })
})

describe('write() of memory that is read into again', () => {
  it.each([
    [false, 'chunk'],
    [true, 'xxxxx'],
  ])(
    'write() of reused memory passes a copy on, unless the port takes such memory (%s)',
    async (takesReused, expected) => {
      const { connection, port } = await openFake()
      const passed: Uint8Array[] = []
      Object.assign(port, { takesReused, write: (data: Uint8Array) => passed.push(data) })
      const chunk = reusedChunk('chunk')
      await connection.write(chunk)
      chunk.fill('x')
      expect(passed.map(String)).toEqual([expected])
    },
  )
})
