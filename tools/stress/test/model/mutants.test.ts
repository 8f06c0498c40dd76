import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ConnectionEvent, StreamEngine } from '@sock/core'
import { nodeEngine, type StreamPort, type StreamPortSink } from '@sock/core/stream'
import type { StreamFixture } from '@sock/testing'
import fc from 'fast-check'
import { anySequence } from '../../src/model/sequences.js'
import { createGround, type Ground } from '../../src/model/transports.js'

/** ms: what never settles is found so quickly, and what settles takes much less. */
const PATIENCE = 300
const RUNS = 400
const RUNS_WITHOUT_FAULT = 40
const LIMIT = 60_000

type StreamGround = Extract<Ground, { kind: 'stream' }>
type Server = ReturnType<StreamFixture['createServer']>

let ground: StreamGround
beforeAll(async () => {
  const made = await createGround('tcp')
  if (made?.kind !== 'stream') throw new Error('tcp is a stream')
  ground = made
})
afterAll(() => ground.close())

/** @returns what the model has to say of a transport that is broken */
async function verdict(broken: Partial<StreamFixture>, numRuns = RUNS): Promise<string> {
  const mutant = { ...ground, fixture: { ...ground.fixture, ...broken } }
  const details = await fc.check(anySequence(mutant, undefined, { patience: PATIENCE }), {
    numRuns,
    endOnFailure: true,
    seed: 1,
  })
  return details.failed ? (details.errorInstance as Error).message : 'no fault found'
}

/** A transport whose servers are not what they were. */
function withServer(change: (server: Server) => object): Partial<StreamFixture> {
  return {
    createServer(handler, options) {
      const server = ground.fixture.createServer(handler, options)
      const changed = change(server)
      return new Proxy(server, {
        get(target, name) {
          const value: unknown = Reflect.get(name in changed ? changed : target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    },
  }
}

/** A transport whose engine tells its sinks something else. */
function withSink(change: (sink: StreamPortSink) => Partial<StreamPortSink>): Partial<StreamFixture> {
  const through = (port: StreamPort): StreamPort => {
    const start = port.start.bind(port)
    port.start = (sink) => {
      const changed = change(sink)
      start({
        received: (chunk) => (changed.received ?? sink.received.bind(sink))(chunk),
        ended: () => (changed.ended ?? sink.ended.bind(sink))(),
        drained: () => sink.drained(),
        finished: () => (changed.finished ?? sink.finished.bind(sink))(),
        closed: (error) => (changed.closed ?? sink.closed.bind(sink))(error),
      })
    }
    return port
  }
  const engine: StreamEngine = {
    ...nodeEngine,
    name: 'broken',
    listenStream: (endpoint, options, sink) =>
      nodeEngine.listenStream(endpoint, options, {
        accept: (port) => sink.accept(through(port)),
        handshake: (handshake) => sink.handshake(handshake),
        failed: (error) => sink.failed(error),
      }),
  }
  return { createServer: (handler, options) => ground.fixture.createServer(handler, { ...options, engine }) }
}

describe('the model finds', () => {
  it(
    'nothing in a transport that only goes through the same detours',
    async () => {
      expect(
        await verdict(
          withServer(() => ({})),
          RUNS_WITHOUT_FAULT,
        ),
      ).toBe('no fault found')
      expect(
        await verdict(
          withSink(() => ({})),
          RUNS_WITHOUT_FAULT,
        ),
      ).toBe('no fault found')
    },
    LIMIT,
  )

  it(
    'a "close" that nobody hears',
    async () => {
      const mutant = withServer((server) => ({
        on: (name: 'connection', callback: (...args: unknown[]) => void) =>
          server.on(name, (...args: unknown[]) => {
            const { state, id } = args[0] as Partial<ConnectionEvent>
            if (state !== 'close' || (id ?? 0) % 5 > 0) callback(...args)
          }),
      }))
      expect(await verdict(mutant)).toMatch(/openConnections|last heard of/)
    },
    LIMIT,
  )

  it(
    'a connection that is counted twice',
    async () => {
      const mutant = withServer((server) => ({
        stats: () => ({
          ...server.stats(),
          accepted: server.stats().accepted + (server.openConnections > 1 ? 1 : 0),
        }),
      }))
      expect(await verdict(mutant)).toMatch(/stats\(\)\.accepted/)
    },
    LIMIT,
  )

  it(
    'a shutdown() that never settles',
    async () => {
      const mutant = withServer((server) => ({
        shutdown: (options: object) =>
          server.state === 'draining' ? new Promise(() => {}) : server.shutdown(options),
      }))
      expect(await verdict(mutant)).toMatch(/never settled: .*shutdown/)
    },
    LIMIT,
  )

  it(
    'a chunk that is lost',
    async () => {
      let count = 0
      const mutant = withSink((sink) => ({
        received: (chunk) => {
          count += 1
          if (count % 9 > 0) sink.received(chunk)
        },
      }))
      expect(await verdict(mutant)).toMatch(/not those that were written|nobody|to its end/)
    },
    LIMIT,
  )

  it(
    'a chunk that comes twice',
    async () => {
      const mutant = withSink((sink) => ({
        received(chunk) {
          sink.received(chunk)
          if (chunk.length > 1) sink.received(Buffer.from(chunk))
        },
      }))
      expect(await verdict(mutant)).toMatch(/not those that were written|more than/)
    },
    LIMIT,
  )

  it(
    'the same again with the seed and the paths that it prints',
    async () => {
      const mutant = withServer((server) => ({
        stats: () => ({ ...server.stats(), accepted: server.stats().accepted * 2 }),
      }))
      const broken = { ...ground, fixture: { ...ground.fixture, ...mutant } }
      const found = await fc.check(anySequence(broken), { numRuns: RUNS, seed: 2 })
      const replayPath = /replayPath="([^"]*)"/.exec(fc.stringify(found.counterexample))?.[1]
      const { seed, counterexamplePath } = found
      if (counterexamplePath === null) throw new Error('Nothing was found')
      const again = await fc.check(anySequence(broken, undefined, { replayPath }), {
        seed,
        path: counterexamplePath,
        endOnFailure: true,
      })
      expect([again.failed, again.numRuns]).toEqual([true, 1])
      expect((again.errorInstance as Error).message).toBe((found.errorInstance as Error).message)
    },
    LIMIT,
  )
})
