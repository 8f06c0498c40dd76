import assert from 'node:assert/strict'
import type { ConnectionEvent, ConnectionState } from '@sock/core'

const NAMES: readonly ConnectionState[] = [
  'new',
  'read',
  'closeRead',
  'handler',
  'write',
  'closeWrite',
  'close',
]

/** What one observer of connections has heard, and whether that is a story that can be. */
export class Watcher {
  /** By connection, the last thing heard of it. */
  readonly #last = new Map<number, ConnectionState>()
  #open = 0
  readonly #isFirst: boolean
  isActive = true

  /** @param isFirst whether it has observed from the beginning: then it hears of each connection from `new` on */
  constructor(isFirst: boolean) {
    this.#isFirst = isFirst
  }

  /** Connections of which it has heard `new` and not yet `close`. */
  get open(): number {
    return this.#open
  }

  get seen(): number {
    return this.#last.size
  }

  /** @throws if this event must not follow what was heard before */
  heard({ id, state, reason }: ConnectionEvent): void {
    assert.ok(this.isActive, `heard "${state}" after it had unsubscribed`)
    assert.ok(NAMES.includes(state), `heard of a server's connection "${state}"`)
    const last = this.#last.get(id)
    assert.notEqual(last, 'close', `connection ${id}: "${state}" after "close"`)
    if (state === 'new') assert.equal(last, undefined, `connection ${id}: "new" after "${last}"`)
    if (state === 'handler')
      assert.ok(last === 'new' || last === undefined, `connection ${id}: "handler" late`)
    if (last === 'new') assert.equal(state, 'handler', `connection ${id}: "${state}" after "new"`)
    if (last === undefined && this.#isFirst)
      assert.equal(state, 'new', `connection ${id} began with "${state}"`)
    assert.equal(reason !== undefined, state === 'close', `connection ${id}: "${state}" because of ${reason}`)
    this.#last.set(id, state)
    if (state === 'new') this.#open += 1
    if (state === 'close' && this.#isFirst) this.#open -= 1
  }

  /** @throws if a connection that was heard of has not been closed, now that everything is */
  checkEnd(): void {
    if (!this.isActive) return
    for (const [id, last] of this.#last)
      assert.equal(last, 'close', `connection ${id}: last heard of was "${last}"`)
  }
}
