import type { ConnectionEvent, StreamServerStats } from '@sock/core'
import assert from 'node:assert/strict'
import { eventually } from './wait.js'

/** Promises that must all settle, resolved or rejected. */
export class PromiseLedger {
  #pending = 0

  /** @returns the same promise, whose rejection is not reported as unhandled */
  keep<T>(promise: Promise<T>): Promise<T> {
    this.#pending += 1
    const settled = (): void => void (this.#pending -= 1)
    promise.then(settled, settled)
    return promise
  }

  assertSettled(): Promise<void> {
    return eventually(() => assert.equal(this.#pending, 0, `${this.#pending} promises have not settled`))
  }
}

/** Collects uncaught exceptions and unhandled rejections. A test runner that does so too fails the case as well. */
export function collectUncaught(): { readonly stop: () => void; readonly assertNone: () => void } {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  return {
    stop() {
      process.off('uncaughtException', note)
      process.off('unhandledRejection', note)
    },
    assertNone: () => assert.deepEqual(uncaught, []),
  }
}

/**
 * Checks the events and counters of a closed stream server. Each connection must have begun once, and ended once with
 * a reason as its last event; the counters must match the events.
 */
export function assertAccounts(stats: unknown, events: readonly ConnectionEvent[]): void {
  if (!isStreamStats(stats)) return
  const lives = new Map<number, ConnectionEvent[]>()
  for (const event of events) lives.set(event.id, [...(lives.get(event.id) ?? []), event])
  for (const [id, life] of lives) {
    const states = life.map(({ state }) => state)
    const count = (wanted: string): number => states.filter((state) => state === wanted).length
    assert.deepEqual([states[0], states[1], states.at(-1)], ['new', 'handler', 'close'], `connection ${id}`)
    assert.deepEqual([count('new'), count('handler'), count('close')], [1, 1, 1], `connection ${id}`)
    assert.notEqual(life.at(-1)?.reason, undefined, `connection ${id} was closed without a reason`)
  }
  assert.equal(stats.accepted, lives.size, 'connections that were counted, and those that were told of')
  assert.deepEqual([stats.open, stats.handshaking], [0, 0], 'open, handshaking')
  assert.ok(stats.idleClosed <= stats.accepted)
}

function isStreamStats(stats: unknown): stats is StreamServerStats {
  return typeof stats === 'object' && stats !== null && 'accepted' in stats
}
