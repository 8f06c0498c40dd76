import { type Address, type DatagramCallbacks, type DatagramChannel, exchange } from '@sock/core'
import assert from 'node:assert/strict'
import { datagramFaultsAtTheEnd } from './faults-at-the-end.js'
import { assertAllCounted, assertCame, codesOf, keptOf, STILL_HERE, survives } from './survival.js'
import { echo, gate, pattern } from '../handlers.js'
import { defineDatagramSuite, type DatagramKind, type Scene, type Stage } from '../stage.js'
import { eventually, soon } from '../wait.js'

/** Codes of a send without a receiver. UDP normally reports nothing. */
const GONE = new Set<unknown>(['ECONNREFUSED', 'ENOENT'])
/** Bytes counted per queued datagram besides its content. */
const OVERHEAD = 128

const failed = new Error('failed')

/** What peers, handlers and observers can do to a running datagram server. */
export const datagramFaults = defineDatagramSuite(
  'faults',
  {
    'a flood in one tick on a slow handler: the queue is bounded, and each datagram is counted (D4)':
      survives(async (stage) => {
        const { go, handler, handled } = slowEcho()
        const limit = 64 * 1024
        const scene = await stage.serve(handler, { maxQueuedBytes: limit })
        const client = await scene.connect()
        const size = 1024
        const writes = Array.from({ length: 5_000 }, (_, seed) => client.write(pattern(size, seed)))
        const settled = codesOf(writes)
        await whenFull(stage, scene, writes.length, settled)
        const kept = keptOf(scene.server.stats())
        // One more is with the handler, and one exceeded the limit.
        assert.ok(kept <= limit / (size + OVERHEAD) + 2, `${kept} wait`)
        go.open()
        const refused = await settled
        for (const code of refused) assert.equal(code, 'ERR_SOCK_BACKPRESSURE')
        await eventually(() => {
          assertCame(scene.server.stats(), writes.length - refused.length)
          assertAllCounted(scene.server.stats(), handled())
        })
        return scene
      }),

    'a flood of empty datagrams: the queue is bounded by their number (D1)': survives(async (stage) => {
      const { go, handler, handled } = slowEcho()
      const scene = await stage.serve(handler, { maxQueuedBytes: 10 * OVERHEAD })
      const client = await scene.connect()
      const settled = codesOf(Array.from({ length: 500 }, () => client.write('')))
      await whenFull(stage, scene, 500, settled)
      // One is with the handler. A port that pauses has delivered one more than there was room for.
      assert.equal(keptOf(scene.server.stats()), stage.fixture.pauses === true ? 12 : 11)
      go.open()
      assert.deepEqual(await settled, [])
      await eventually(() => {
        assertCame(scene.server.stats(), 500)
        assert.equal(handled(), keptOf(scene.server.stats()))
      })
      return scene
    }),

    'a hundred clients that send and vanish at once: all is received, and nothing is left': survives(
      async (stage) => {
        let received = 0
        const scene = await stage.serve({
          async data(channel, data) {
            received += 1
            // Most clients are closed by now.
            if (String(data) === STILL_HERE) await channel.write(data)
          },
        })
        const visit = async (): Promise<void> => {
          const client = await stage.fixture.connect(scene.address)
          const writing = client.write('x')
          await soon(client.close(), 'close')
          await writing
        }
        await soon(Promise.all(Array.from({ length: 100 }, visit)), 'a hundred visits')
        await eventually(() => assert.equal(received, 100))
        return scene
      },
    ),

    'replies to clients that are gone: each settles and is counted, and no other reply waits (D5)': survives(
      async (stage) => {
        const { go, handler } = slowEcho()
        const codes: unknown[] = []
        const scene = await stage.serve({
          async data(channel, data, from, truncated) {
            await Promise.resolve(handler.data?.(channel, data, from, truncated)).catch(
              (error: { code?: unknown }) => void codes.push(error.code),
            )
          },
        })
        for (let count = 0; count < 50; count++) {
          const client = await stage.fixture.connect(scene.address)
          await client.write('x')
          await soon(client.close(), 'close')
        }
        await eventually(() => assert.equal(scene.server.stats().datagramsReceived, 50))
        go.open()
        await eventually(() => {
          const { datagramsSent, sendErrors } = scene.server.stats()
          assert.equal(datagramsSent + sendErrors, 50)
          assert.equal(sendErrors, codes.length)
        })
        for (const code of codes) assert.ok(GONE.has(code), `${code}`)
        assert.deepEqual(scene.errors, [])
        return scene
      },
    ),

    'a server that is gone: operations of its clients settle, and its successor serves them (D5)': survives(
      async (stage) => {
        const scene = await stage.serve(echo)
        const [patient, hasty] = [await scene.connect(), await scene.connect()]
        await soon(scene.server.close(), 'close')
        const codes = await codesOf(Array.from({ length: 3 }, () => patient.write('nobody')))
        for (const code of codes) assert.ok(GONE.has(code), `${code}`)
        await assert.rejects(soon(exchange(hasty, 'nobody'), 'an exchange with nobody'), isGone)
        await scene.server.listen(scene.address as never)
        assert.equal(await soon(askUntilAnswered(patient, 'again'), 'the successor'), 'again')
        return scene
      },
    ),

    'sends to what is no address of its kind: they are refused, and the next one leaves (D7)': survives(
      async (stage) => {
        const codes: unknown[] = []
        const alien: Address =
          (await stage.serve(echo)).address.family === 'unix'
            ? { family: 'ipv4', host: '127.0.0.1', port: 9 }
            : { family: 'unix', path: '/tmp/nobody' }
        const scene = await stage.serve(async (channel) => {
          const data = await channel.read()
          for (const to of [alien, {} as never])
            await channel.send('x', to).catch((error: { code?: unknown }) => codes.push(error.code))
          await channel.write(data ?? '')
        })
        const client = await scene.connect()
        await client.write('x')
        assert.equal(String(await soon(client.read(), 'the answer')), 'x')
        assert.deepEqual(codes, ['ERR_SOCK_INVALID_ADDRESS', 'ERR_SOCK_INVALID_ADDRESS'])
        return scene
      },
    ),

    'callbacks that throw or reject: each failure is reported once, and the server goes on (D11)': survives(
      async (stage) => {
        for (const fail of [() => Promise.reject(failed), throwFailed]) {
          for (const callbacks of failingCallbacks(fail)) {
            const scene = await stage.serve({ data: (channel, data) => channel.write(data), ...callbacks })
            const client = await scene.connect()
            await client.write('x')
            await client.write(STILL_HERE)
            await soon(readUntil(client, STILL_HERE), 'an answer')
            await soon(scene.server.close(), 'close')
            assert.deepEqual(scene.errors, [failed])
            assert.equal(scene.server.stats().handlerErrors, 1)
          }
        }
        return stage.serve(echo)
      },
    ),

    'observers that throw: a warning tells of it, and neither the server nor the others notice (D11)':
      survives(async (stage) => {
        const scene = await stage.serve(async (channel) => {
          const data = await channel.read()
          if (String(data) === 'bad') throw failed
          await channel.write(data ?? '')
        })
        let thrown = 0
        const leave = (['error', 'connection', 'state'] as const).map((event) =>
          scene.server.on(event, () => {
            thrown += 1
            throw new Error('an observer failed')
          }),
        )
        const warnings = await withoutWarnings(async () => {
          const client = await scene.connect()
          await client.write('bad')
          await client.write('good')
          assert.equal(String(await soon(client.read(), 'the answer')), 'good')
          await soon(scene.server.shutdown(), 'shutdown')
        })
        for (const off of leave) off()
        assert.deepEqual(scene.errors, [failed])
        assert.deepEqual(scene.states, ['starting', 'listening', 'draining', 'closed'])
        assert.ok(thrown > 5)
        assert.equal(warnings, thrown)
        return scene
      }),
  },
  [datagramFaultsAtTheEnd],
)

/** Answers each datagram once it is released. */
function slowEcho(): {
  readonly go: ReturnType<typeof gate<void>>
  readonly handler: DatagramCallbacks
  readonly handled: () => number
} {
  const go = gate()
  let handled = 0
  return {
    go,
    handled: () => handled,
    handler: {
      async data(channel, data) {
        await go.opened
        handled += 1
        await channel.write(data)
      },
    },
  }
}

/** Waits until a server whose handler is blocked accepts nothing more of what was sent. */
async function whenFull(
  { fixture }: Stage<DatagramKind>,
  { server }: Scene<DatagramKind>,
  sent: number,
  settled: Promise<readonly unknown[]>,
): Promise<void> {
  if (fixture.pauses !== true) {
    const refused = await settled
    await eventually(() => assertCame(server.stats(), sent - refused.length))
    return
  }
  // The rest stays with the system: nothing more arrives between two checks.
  let before = 0
  await eventually(() => {
    const kept = keptOf(server.stats())
    const isSteady = kept > 1 && kept === before
    before = kept
    assert.ok(isSteady, `${kept} are kept`)
  })
}

/** Callbacks of which each fails once. */
function failingCallbacks(fail: () => Promise<void>): DatagramCallbacks[] {
  let isFirst = true
  return [
    { open: () => fail() },
    { close: () => fail() },
    {
      data(channel, data) {
        const fails = isFirst
        isFirst = false
        return fails ? fail() : channel.write(data)
      },
    },
  ]
}

function throwFailed(): never {
  throw failed
}

/** Runs without printing warnings. @returns how many there were */
async function withoutWarnings(run: () => Promise<void>): Promise<number> {
  // oxlint-disable-next-line typescript/unbound-method -- it is only restored
  const { emitWarning } = process
  let count = 0
  process.emitWarning = () => void (count += 1)
  try {
    await run()
  } finally {
    process.emitWarning = emitWarning
  }
  return count
}

function isGone(error: unknown): boolean {
  return GONE.has((error as { code?: unknown }).code)
}

/** Asks until there is an answer: the failure of an earlier send may be reported at any later time. */
async function askUntilAnswered(client: DatagramChannel, request: string): Promise<string> {
  for (;;) {
    try {
      await client.write(request)
      return String(await soon(client.read(), 'the input'))
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
}

async function readUntil(client: DatagramChannel, answer: string): Promise<void> {
  while (String(await soon(client.read(), 'the input')) !== answer);
}
