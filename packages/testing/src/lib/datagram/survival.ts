import { type DatagramServerStats, exchange } from '@sock/core'
import assert from 'node:assert/strict'
import type { DatagramKind, Fixture, Scene, Stage } from '../stage.js'
import { soon } from '../wait.js'

/** What a client asks for when all is over. The handlers of these cases give it back. */
export const STILL_HERE = 'still here?'

/**
 * A case about a fault, which gives the server that had it. That one must then serve a client that behaves, have nothing
 * on its way out, and have told of one `new` and one `close` per run; and nothing may have failed unheard.
 */
export function survives(
  fault: (stage: Stage<DatagramKind>) => Promise<Scene<DatagramKind>>,
): (stage: Stage<DatagramKind>) => Promise<void> {
  return async (stage) => {
    const unheard = listenForUnheard()
    try {
      const scene = await fault(stage)
      await assertServes(scene, stage.fixture)
      await scene.server.close()
      assertPaired(scene)
    } finally {
      // Node tells of a rejection that nobody heard when the turn is over.
      await new Promise(setImmediate)
      unheard.stop()
    }
    assert.deepEqual(unheard.failures, [], 'failures that nobody heard of')
  }
}

async function assertServes(
  { server, address }: Scene<DatagramKind>,
  fixture: Fixture<DatagramKind>,
): Promise<void> {
  const isClosed = server.state === 'closed'
  const where = isClosed ? await server.listen(fixture.target()) : address
  const client = await fixture.connect(where)
  try {
    assert.equal(String(await soon(exchange(client, STILL_HERE), 'the answer to a new client')), STILL_HERE)
  } finally {
    await client.close()
  }
  const { sendQueueBytes, open } = server.stats()
  assert.deepEqual({ sendQueueBytes, open }, { sendQueueBytes: 0, open: 1 })
}

/** Of each run there is one `new`, the first event, and one `close` with a reason, the last one. */
function assertPaired({ events }: Scene<DatagramKind>): void {
  for (const id of new Set(events.map((event) => event.id))) {
    const run = events.filter((event) => event.id === id)
    const states = run.map(({ state }) => state)
    assert.deepEqual([states[0], states.at(-1)], ['new', 'close'])
    const isOnce = (state: string): boolean => states.filter((other) => other === state).length === 1
    assert.ok(isOnce('new') && isOnce('close'), `one "new" and one "close" in ${states.join(' ')}`)
    assert.ok(run.at(-1)?.reason !== undefined, 'a reason')
  }
}

/** Each datagram that came was handled or dropped for one reason. */
export function assertAllCounted(stats: DatagramServerStats, handled: number): void {
  const { queueFull, unread, closing } = stats.datagramsDropped
  assert.equal(handled + queueFull + unread + closing, stats.datagramsReceived, JSON.stringify(stats))
}

/** All that was sent has come, or the system says that it has dropped it. */
export function assertCame({ datagramsReceived, datagramsDropped }: DatagramServerStats, sent: number): void {
  const came = datagramsReceived + datagramsDropped.kernel
  // Elsewhere nobody tells what was dropped.
  if (process.platform === 'linux') assert.equal(came, sent)
  else assert.ok(came <= sent)
}

/** How many a server has kept of what has come. */
export function keptOf({ datagramsReceived, datagramsDropped }: DatagramServerStats): number {
  return datagramsReceived - datagramsDropped.queueFull
}

/** The codes of promises that rejected; none may be left pending. */
export async function codesOf(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await soon(Promise.allSettled(promises), `settling of ${promises.length} promises`)
  return results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code?: unknown }).code ?? result.reason] : [],
  )
}

function listenForUnheard(): { readonly failures: unknown[]; stop(): void } {
  const failures: unknown[] = []
  const note = (failure: unknown): void => void failures.push(failure)
  process.on('unhandledRejection', note).on('uncaughtException', note)
  return {
    failures,
    stop: () => process.off('unhandledRejection', note).off('uncaughtException', note),
  }
}
