import assert from 'node:assert/strict'
import type { Address, ConnectionEvent, Server, ServerState } from '@sock/core'
import { isSockError } from '@sock/core'
import { never, oneOf, Oops, type Pledges } from '../pledges.js'
import { Watcher } from '../watchers.js'
import type { Ledger } from './ledger.js'
import type { ServerSpec } from './program.js'

export interface Hooks {
  state(): unknown
  error(): unknown
  connection(event: ConnectionEvent): unknown
}

const isDead = (state: ServerState): boolean => state === 'idle' || state === 'closed'

/** What servers may report beside failures of handlers: handshakes that somebody broke off. */
const KNOWN = oneOf(
  'ERR_SOCK_HANDSHAKE_FAILED',
  'ERR_SOCK_HANDSHAKE_TIMEOUT',
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'ERR_SOCK_BACKPRESSURE',
  'ENOTCONN',
)

/** One of several servers: its life, and who has to do with it. */
export class CrowdServer {
  readonly spec: ServerSpec
  readonly server: Server
  /** Both ends of all its connections. */
  readonly members: Ledger[] = []
  /** Handlers and callbacks that failed on purpose. */
  failures = 0
  /** Errors that only a handler that uses a stream can explain. */
  readonly complaints: Error[] = []
  /** How often it was stopped. */
  stops = 0
  #address: Address | undefined
  /** This run of it: whether `close()` has cut it off. */
  #run = { isForced: false }
  readonly #target: () => unknown
  readonly #pledges: Pledges
  readonly #watcher = new Watcher(true)

  constructor(spec: ServerSpec, server: Server, target: () => unknown, pledges: Pledges, hooks: Hooks) {
    this.spec = spec
    this.server = server
    this.#target = target
    this.#pledges = pledges
    server.on('state', (state) => {
      if (state === 'draining') this.#drains()
      return hooks.state() as void
    })
    server.on('error', (error) => {
      const isKnown = error instanceof Oops || isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT')
      if (!isKnown) this.complaints.push(error)
      return hooks.error() as void
    })
    server.on('connection', (event) =>
      pledges.guard(() => {
        this.#watcher.heard(event)
        assert.equal(server.openConnections, this.#watcher.open, `openConnections during "${event.state}"`)
      }),
    )
    server.on('connection', (event) => hooks.connection(event) as void)
  }

  get address(): Address | undefined {
    return this.server.state === 'listening' ? this.#address : undefined
  }

  get seen(): number {
    return this.#watcher.seen
  }

  /** An end of a connection that begins. */
  join(ledger: Ledger): void {
    this.members.push(ledger)
    if (this.server.state === 'listening') return
    ledger.force()
    ledger.drain()
  }

  listen(): void {
    if (!isDead(this.server.state)) return
    const { stops } = this
    this.#run = { isForced: false }
    this.#pledges.keep(
      'listen()',
      this.server.listen(this.#target() as never),
      (address) => void (this.#address = address),
      (error) => {
        oneOf('ERR_SOCK_CLOSED')(error)
        assert.ok(this.stops > stops, 'nobody closed it')
      },
    )
  }

  close(): Promise<void> {
    this.stops += 1
    this.#run.isForced = true
    for (const member of this.members) member.force()
    const closing = this.server.close()
    this.#pledges.keep('close() of a server', closing, () => {}, never)
    return closing
  }

  /** Nobody stays longer than it takes: nothing has to be forced. */
  shutDown(): Promise<unknown> {
    this.stops += 1
    const run = this.#run
    const shutting = this.server.shutdown()
    this.#pledges.keep(
      'shutdown()',
      shutting,
      () => {},
      (error) => {
        const wasClosed = isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && run.isForced
        assert.ok(wasClosed, `shutdown() rejected with ${String((error as Error).stack)}`)
      },
    )
    return shutting.catch(() => {})
  }

  /** Those who are idle are shown an end that nobody sent, and whoever comes may come too late. */
  #drains(): void {
    for (const member of this.members) member.drain()
  }

  /** What holds when it is closed. */
  checkEnd(): void {
    const { server, complaints, members } = this
    assert.ok(isDead(server.state), `ended as ${server.state}`)
    assert.equal(server.openConnections, 0)
    this.#watcher.checkEnd()
    const isCalm = members.every(({ hurt }) => hurt === undefined)
    for (const error of complaints) {
      if (isCalm) throw new Error('A complaint, and nobody did anything', { cause: error })
      if (!this.#isOfStreams) KNOWN(error)
    }
    if (!this.#isOfStreams) assert.equal(server.stats().handlerErrors, this.failures, 'handlerErrors')
  }

  /** What streams of Node fail with when they are cut off is theirs. */
  get #isOfStreams(): boolean {
    const { form } = this.spec
    return form === 'pipeline' || form === 'iteration' || form === 'http'
  }
}
