import { expect, it } from '@jest/globals'
import type { Address } from '@sock/core'
import { constants } from 'node:os'
import { Loop, type DatagramSocketEvents, type SocketEvents } from '../src/lib/loop.js'
import { kinds } from '../src/lib/numbers.js'
import { pin } from '../src/lib/pin.js'
import { runProgram } from './support/child.js'
import { createFakeAddon } from './support/fake-addon.js'
import { describeNative as describe } from './support/needs.js'

interface Outcome {
  readonly ends: readonly { readonly got: string; readonly error?: string }[]
  readonly uncaught: readonly string[]
  readonly isMoved: boolean
  readonly isUntouched: boolean
}

const canTransfer = 'transfer' in ArrayBuffer.prototype
const WAYS = ['postMessage', 'structuredClone', ...(canTransfer ? ['transfer', 'shorter'] : [])]
/** What Node refuses from version 24 on. */
const FURTHER = ['bytes', ...(canTransfer ? ['call'] : [])]
const pairs = (ways: readonly string[]) => ways.flatMap((way) => [[way], [way, 'reuse']])

const all = { got: 'onetwo' }

describe('memory of the engine', () => {
  it.each(pairs(WAYS))(
    'memory of the engine cannot be transferred: every byte arrives (%s %s)',
    async (...args) => {
      const outcome = await runProgram('transfers', args.filter(Boolean))
      expect(outcome).toMatchObject({ ends: [all, all, all, all], uncaught: [], isMoved: false })
    },
  )

  it.each(pairs(FURTHER))(
    'memory of the engine that Node lets be transferred anyway is not written to any more, and who lost bytes is told (%s %s)',
    async (...args) => {
      const outcome = (await runProgram('transfers', args.filter(Boolean))) as Outcome
      expect(outcome).toMatchObject({ uncaught: [], isUntouched: true })
      const [first, ...others] = outcome.ends
      expect(first).toEqual(all)
      const lost = { got: '', error: 'EIO' }
      for (const end of others) expect(end).toEqual(outcome.isMoved ? lost : all)
    },
  )

  it('memory of the engine that was transferred fails its sockets, of every kind, and a closed one needs nothing', () => {
    const { addon, slabs, deliver } = createFakeAddon()
    const loop = new Loop(addon)
    const told: unknown[] = []
    const event = (...values: number[]): unknown => told.push(values)
    const socket = { scope: undefined, event, chunk: (data: Buffer) => told.push(data) }
    const datagrams = {
      ...socket,
      datagram: (data: Buffer, from: Address | undefined) => told.push(data, from),
    }
    loop.register(0, socket as unknown as SocketEvents)
    loop.register(1, datagrams as unknown as DatagramSocketEvents)
    slabs.push(new ArrayBuffer(64))
    structuredClone(slabs[0], { transfer: slabs as ArrayBuffer[] })
    deliver(
      [0, kinds.chunk, 0, 8],
      [0, kinds.reused, 8, 8],
      [1, kinds.datagram, 16, 8],
      [1, kinds.datagram, 0, 0],
      [2, kinds.reused, 8, 8],
    )
    expect(told).toEqual(Array.from({ length: 4 }, () => [kinds.failed, constants.errno.EIO, 0]))
  })
})

describe('pin', () => {
  it('pin() leaves memory in its place, and readable', () => {
    const memory = Uint8Array.from([1, 2, 3])
    pin(memory.buffer)
    expect(memory).toHaveLength(3)
    if (canTransfer) expect(() => (memory.buffer as unknown as { transfer(): void }).transfer()).toThrow()
    expect([...memory]).toEqual([1, 2, 3])
  })
})
