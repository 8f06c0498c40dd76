import { type DatagramServerStats, exchange } from '@sock/core'
import assert from 'node:assert/strict'
import type { DatagramKind, Fixture, Scene, Stage } from '../stage.js'
import { soon } from '../wait.js'

/** The request of a client at the end of a case. The handlers of these cases echo it. */
export const STILL_HERE = 'still here?'

/**
 * Returns a case about a fault. The fault returns its server, which must then serve a well-behaved client, have
 * nothing queued for sending, and have reported one `new` and one `close` per run. No error may go unnoticed.
 */
export function survives(
  fault: (stage: Stage<DatagramKind>) => Promise<Scene<DatagramKind>>,
): (stage: Stage<DatagramKind>) => Promise<void> {
  return async (stage) => {
    const unheard = listenForUnheard()
    try {
      const scene = await fault(stage)
      await assertServes(scene, stage.fixture)
      await soon(scene.server.close(), 'close')
      assertPaired(scene)
    } finally {
      // Node reports unhandled rejections at the end of the turn.
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
    await soon(client.close(), 'close')
  }
  const { sendQueueBytes, open } = server.stats()
  assert.deepEqual({ sendQueueBytes, open }, { sendQueueBytes: 0, open: 1 })
}

/** Checks that each run has one `new` as its first event, and one `close` with a reason as its last. */
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

/** Checks that each received datagram was handled, or dropped for one reason. */
export function assertAllCounted(stats: DatagramServerStats, handled: number): void {
  const { queueFull, unread, closing } = stats.datagramsDropped
  assert.equal(handled + queueFull + unread + closing, stats.datagramsReceived, JSON.stringify(stats))
}

/** Checks that everything sent has arrived, or is reported as dropped by the system. */
export function assertCame({ datagramsReceived, datagramsDropped }: DatagramServerStats, sent: number): void {
  const came = datagramsReceived + datagramsDropped.kernel
  // Other systems do not report drops.
  if (process.platform === 'linux') assert.equal(came, sent)
  else assert.ok(came <= sent)
}

/** Returns how many of the received datagrams a server has kept. */
export function keptOf({ datagramsReceived, datagramsDropped }: DatagramServerStats): number {
  return datagramsReceived - datagramsDropped.queueFull
}

/** Returns the codes of the rejected promises; none may be left pending. */
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
