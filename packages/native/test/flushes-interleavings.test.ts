import { beforeEach, afterEach, describe, expect, it, jest } from '@jest/globals'
import { Loop } from '../src/lib/loop.js'
import { NativeStreamPort } from '../src/lib/native-port.js'
import { header, kinds } from '../src/lib/numbers.js'
import { createFakeAddon } from './support/fake-addon.js'

const names = { canReset: true } as never

/** Two ports, code that runs in a batch, and how often gathered writes were sent before the end of one. */
function createPorts() {
  let flushes = 0
  const { addon, memory, slabs, deliver } = createFakeAddon({
    flush() {
      flushes += 1
      memory[header.operations] = 0
      return 0
    },
    shutdown: () => 0,
  })
  const loop = new Loop(addon)
  let run!: () => void
  loop.register(1, {
    scope: undefined,
    chunk: () => run(),
    event: () => undefined,
    stalled: () => undefined,
  })
  const inBatch = (code: () => void): void => {
    run = code
    slabs.push(new ArrayBuffer(8))
    memory[header.gathering] = 1
    deliver([1, kinds.chunk, 0, 1])
    // What the addon does at the end of a batch.
    memory[header.operations] = memory[header.gathering] = 0
  }
  const [one, other] = [new NativeStreamPort(loop, 2, names), new NativeStreamPort(loop, 3, names)]
  return { one, other, inBatch, flushes: () => flushes }
}

describe('what a port has gathered', () => {
  beforeEach(() => void jest.spyOn(performance, 'now').mockReturnValue(1_000))
  afterEach(() => void jest.restoreAllMocks())

  it('what a port has gathered is sent once, before its FIN, and not again when it closes', () => {
    const { one, inBatch, flushes } = createPorts()
    inBatch(() => {
      one.write(Buffer.from('x'))
      expect(flushes()).toBe(0)
      one.shutdownWrite()
      expect(flushes()).toBe(1)
      one.destroy()
    })
    expect(flushes()).toBe(1)
  })

  it('what a port has gathered in an earlier batch lets nothing of others be sent before the end of this one', () => {
    const { one, other, inBatch, flushes } = createPorts()
    inBatch(() => one.write(Buffer.from('x')))
    inBatch(() => {
      other.write(Buffer.from('y'))
      one.destroy()
    })
    expect(flushes()).toBe(0)
  })
})
