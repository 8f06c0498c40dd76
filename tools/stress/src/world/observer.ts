import assert from 'node:assert/strict'
import {
  isSockError,
  type ConnectionEvent,
  type ConnectionState,
  type Server,
  type ServerState,
  type ShutdownReport,
} from '@sock/core'
import { isFailure, type Pledges } from './pledges.js'

/** Checks that the events of each connection come in a possible order. */
export class Watcher {
  /** The last event of each open connection. */
  readonly #last = new Map<number, ConnectionState>()
  seen = 0
  idle = 0

  /** The number of connections with a `new` event but no `close` event. */
  get open(): number {
    return this.#last.size
  }

  /** @throws if this event must not follow the previous one */
  heard({ id, state, reason }: ConnectionEvent): void {
    const last = this.#last.get(id)
    if (state === 'close') this.#last.delete(id)
    else this.#last.set(id, state)
    if (state === 'new') this.seen += 1
    if (reason === 'idle') this.idle += 1
    const story = `connection ${id}: "${state}" after "${last}"`
    assert.ok(state !== 'dial', story)
    assert.ok((state === 'new') === (last === undefined), story)
    assert.ok((state === 'handler') === (last === 'new'), story)
    assert.ok((state === 'close') === (reason !== undefined), `${story} because of ${reason}`)
  }

  /** @throws if a connection was not closed */
  checkEnd(): void {
    for (const [id, last] of this.#last) assert.fail(`connection ${id}: the last event was "${last}"`)
  }
}

const NEXT: Readonly<Record<ServerState, readonly ServerState[]>> = {
  idle: ['starting'],
  starting: ['listening', 'idle'],
  listening: ['draining'],
  draining: ['closed'],
  closed: ['starting'],
}
/** How many errors are kept. */
const MOST = 100
const CLOSED = /^Closed [\w ]+: (\d+) idle, (\d+) drained, (\d+) forced$/

/** Observes one server from the start: its states, connections and errors, and whether its counters agree with them. */
export class Observer {
  readonly watcher = new Watcher()
  /** The number of intentional failures of handlers and callbacks. */
  failures = 0
  /** Datagrams that the handler got, answers that were sent, and answers that failed. */
  readonly datagrams = { handled: 0, sent: 0, refused: 0 }
  /** Errors other than failures of handlers. */
  readonly complaints: Error[] = []
  /** The report of the last shutdown, from the message of the state `closed`. */
  report: ShutdownReport | undefined
  /** Sums over all shutdowns: connections that were open or came meanwhile, and connections in reports. */
  readonly shutdowns = { members: 0, reported: 0 }
  readonly #server: Server
  #state: ServerState = 'idle'
  #turnedAway = 0
  #failed = 0

  constructor(server: Server, pledges: Pledges) {
    this.#server = server
    server.on('state', (state, message) => pledges.guard(() => this.#entered(state, message)))
    server.on('error', (error) => {
      if (isFailure(error)) this.#failed += 1
      else if (isSockError(error, 'ERR_SOCK_CONNECTION_LIMIT')) this.#turnedAway += 1
      else if (!isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && this.complaints.length < MOST)
        this.complaints.push(error)
    })
    server.on('connection', (event) => {
      if (event.state === 'new' && this.#state === 'draining') this.shutdowns.members += 1
      pledges.guard(() => {
        this.watcher.heard(event)
        // At `new` the connection counts already; at `close` it no longer does.
        assert.equal(server.openConnections, this.watcher.open, `openConnections during "${event.state}"`)
      })
    })
  }

  #entered(state: ServerState, message: string): void {
    const before = this.#state
    this.#state = state
    assert.ok(NEXT[before].includes(state), `went from ${before} to ${state}`)
    assert.equal(this.#server.state, state)
    if (state === 'draining') this.shutdowns.members += this.#server.openConnections
    if (state !== 'closed') return
    const [, idle = NaN, drained = NaN, forced = NaN] = CLOSED.exec(message)?.map(Number) ?? []
    assert.ok(forced >= 0, `no report in "${message}"`)
    this.report = { idle, drained, forced }
    this.shutdowns.reported += idle + drained + forced
  }

  /** Checks what must hold at any time. @throws the first contradiction */
  check(): void {
    const { state, address, openConnections } = this.#server
    assert.equal(state, this.#state)
    const isOpen = state === 'listening' || state === 'draining'
    assert.equal(address !== undefined, isOpen, `an address, and ${state}`)
    assert.equal(openConnections, this.watcher.open, 'openConnections')
    assert.equal(this.#server.stats().open, openConnections, 'stats().open')
  }

  /**
   * Returns the contradictions after the server has closed.
   * @param counts whether all failures of handlers were planned, and whether the number of connections at each stop is known
   */
  problems(counts: { readonly failures: boolean; readonly members: boolean }): string[] {
    const stats = this.#server.stats()
    const { watcher, shutdowns, datagrams } = this
    const equations: (readonly [what: string, one: number, other: number])[] = [
      ['open at the end, and none', stats.open, 0],
      ['open at the end, and observed', watcher.open, 0],
    ]
    if (counts.failures)
      equations.push(
        ['failed handlers, and those that were to fail', stats.handlerErrors, this.failures],
        ['failed handlers, and errors of theirs', stats.handlerErrors, this.#failed],
      )
    if ('accepted' in stats)
      equations.push(
        ['accepted, and seen as new', stats.accepted, watcher.seen],
        ['handshaking at the end, and none', stats.handshaking, 0],
        ['closed as idle, and the reason', stats.idleClosed, watcher.idle],
        ['rejected at the limit, and errors', stats.rejected.connectionLimit, this.#turnedAway],
      )
    // Peers in a handshake count too, and closed connections whose handler has not ended.
    const { reported, members } = shutdowns
    if ('accepted' in stats && counts.members)
      equations.push(['in reports of shutdowns, and observed', Math.min(reported, members), members])
    if ('datagramsReceived' in stats) {
      const { queueFull, unread, closing } = stats.datagramsDropped
      const met = datagrams.handled + queueFull + unread + closing
      equations.push(
        ['received, and handled + dropped', stats.datagramsReceived, met],
        ['sent, and answers that resolved', stats.datagramsSent, datagrams.sent],
        ['send errors, and answers that were refused', stats.sendErrors, datagrams.refused],
        ['waiting to be sent at the end, and none', stats.sendQueueBytes, 0],
      )
    }
    return equations.flatMap(([what, one, other]) => (one === other ? [] : [`${what}: ${one} and ${other}`]))
  }
}
