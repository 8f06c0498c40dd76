import assert from 'node:assert/strict'
import type { SecureContext } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import { isSockError, type Address, type Server, type ShutdownReport } from '@sock/core'
import { isStream } from '@sock/tools/transports'
import type { ServerSpec, ServerVerb } from './acts.js'
import { datagramHandlerOf } from './datagrams.js'
import { handlerOf, isEcho } from './handlers.js'
import type { Ledger } from './ledger.js'
import type { LibraryEnd } from './library-end.js'
import { Observer } from './observer.js'
import { failure, never, oneOf, Oops, type Pledges } from './pledges.js'
import type { ServerName } from './means.js'
import type { World } from './world.js'

const NOTHING: ShutdownReport = { idle: 0, drained: 0, forced: 0 }
/** Errors that servers may report besides failures of handlers: peers that aborted a handshake, or are gone. */
const KNOWN = oneOf(
  'ERR_SOCK_HANDSHAKE_FAILED',
  'ERR_SOCK_HANDSHAKE_TIMEOUT',
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'ERR_SOCK_BACKPRESSURE',
  'ENOTCONN',
)

/** A server to which peers can connect, in this process or another one. */
export interface Place {
  readonly spec: ServerSpec
  readonly address: Address | undefined
  /** Whether another process may stop it, and so lose datagrams. */
  mayStop?: boolean
  /** Adds one of its ends. */
  join?(ledger: Ledger): void
}

/** One of several servers: its life, and the ends that depend on it. */
export class WorldServer implements Place {
  readonly spec: ServerSpec
  readonly server: Server
  readonly observer: Observer
  /** Its ends in this process. */
  #members: Ledger[] = []
  /** Sums over all connections of its handler. */
  readonly #bytes = { count: 0, read: 0, written: 0 }
  /** How often it was stopped. */
  stops = 0
  /** Whether a callback has stopped it: then the number of open connections at that moment is not defined. */
  #wasStoppedInside = false
  #address: Address | undefined
  #hasRefusedNames = false
  /** What `configure` throws while this run begins. */
  #refusal: { readonly why: unknown } | undefined
  /** Whether connections of this run were cut off. */
  #run = { isForced: false }
  readonly #world: World
  readonly #pledges: Pledges

  constructor(spec: ServerSpec, world: World) {
    const { transport, form: _, ...limits } = spec
    this.spec = spec
    this.#world = world
    const { means, pledges } = world
    this.#pledges = pledges
    this.server = isStream(transport)
      ? means.streamServer(transport, handlerOf(world, this), { ...limits, drainIdle: 0 }, this.#onServerName)
      : means.datagramServer(transport, datagramHandlerOf(world, this), this.#configure)
    this.observer = new Observer(this.server, pledges)
    this.server.on('state', (state) => {
      if (state !== 'draining') return
      pledges.guard(() => assert.ok(this.stops > 0, 'drains, although nothing has stopped it'))
      // Idle connections see an end that their peer did not send, and a new connection may come too late.
      for (const member of this.#members) member.drain()
    })
  }

  get isStopped(): boolean {
    const { state } = this.server
    return state === 'idle' || state === 'closed'
  }

  get address(): Address | undefined {
    return this.server.state === 'listening' ? this.#address : undefined
  }

  join(ledger: Ledger): void {
    this.#members.push(ledger)
    if (this.server.state === 'listening') return
    ledger.force()
    ledger.drain()
  }

  /** Records that a connection has closed. */
  left({ connection }: LibraryEnd): void {
    this.#bytes.count += 1
    this.#bytes.read += connection.bytesRead
    this.#bytes.written += connection.bytesWritten
  }

  /** Forgets the added ends and the complaints: a hundred errors of each server would look like a leak. */
  forget(): void {
    this.#members = []
    this.observer.complaints.length = 0
  }

  /** @param isInside whether a callback or an observer does it */
  do(verb: ServerVerb, isInside: boolean, which: number): void {
    if (verb === 'listen') return void this.listen()
    if (verb === 'listen and abort') return this.#giveUpListening(which)
    this.#wasStoppedInside ||= isInside
    if (verb === 'close server') void this.close()
    else void this.shutDown(verb === 'shut down' ? undefined : 0)
  }

  /** @param target default: another one each time */
  async listen(target = this.#world.means.target(this.spec.transport)): Promise<void> {
    if (!this.isStopped) return
    const { stops } = this
    const listening = this.#listen(target)
    const listens = (address: Address): void => void (this.#address = address)
    this.#pledges.keep('listen()', listening, listens, (error) => {
      oneOf('ERR_SOCK_CLOSED')(error)
      assert.ok(this.stops > stops, 'rejected, although nothing has closed it')
    })
    await listening.catch(() => {})
  }

  /** Aborts `listen()` at once, or lets `configure` fail, which streams call later. */
  #giveUpListening(which: number): void {
    if (!this.isStopped) return
    const { means } = this.#world
    const stop = new AbortController()
    const why = failure(which, 'the model listens no more')
    const refusal = isStream(this.spec.transport) || which % 3 > 0 ? undefined : { why }
    const listening = this.#listen(means.target(this.spec.transport), stop.signal, refusal)
    this.#pledges.keep('listen()', listening, () => assert.fail('it listens'), oneOf('ERR_SOCK_CLOSED'))
    if (refusal === undefined) stop.abort(why)
  }

  #listen(target: string, signal?: AbortSignal, refusal?: { readonly why: unknown }): Promise<Address> {
    this.#run = { isForced: false }
    this.#refusal = refusal
    return this.server.listen(target, signal && { signal })
  }

  /** Uses the default context. A plan may let it fail, also with what is no context. */
  readonly #onServerName: ServerName = (_name, done) => {
    const { acts, outcome } = this.#world.take('server name', undefined) ?? { acts: [], outcome: 'returns' }
    if (outcome === 'returns') return done(null)
    if (outcome === 'late') return void setImmediate(done, null)
    this.#hasRefusedNames = true
    if (outcome === 'rejects') done(new Oops('no such name'))
    else done(null, failure(acts[0]?.which ?? 0, 'no context') as SecureContext)
  }

  readonly #configure = (): void => {
    if (this.#refusal !== undefined) throw this.#refusal.why
  }

  close(): Promise<void> {
    this.#stop(true)
    const closing = this.server.close()
    this.#pledges.keep('close() of a server', closing, () => {}, never)
    this.#mustHaveStopped()
    return closing
  }

  /** @param timeout in ms; without one, every connection ends before the deadline */
  shutDown(timeout?: number): Promise<unknown> {
    this.#stop(timeout !== undefined)
    const run = this.#run
    const judge = (report: ShutdownReport | undefined): void => {
      const isKnown = [NOTHING, this.observer.report].some((one) => isDeepStrictEqual({ ...report }, one))
      assert.ok(isKnown, 'another report than in the message of "closed"')
    }
    const shutting = this.server.shutdown(
      timeout === undefined ? { signal: new AbortController().signal } : { timeout },
    )
    this.#pledges.keep('shutdown()', shutting, judge, (error) => {
      const wasForced = isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && run.isForced
      assert.ok(wasForced, `shutdown() rejected with ${String((error as Error).stack)}`)
      assert.ok((error.report?.forced ?? 0) > 0, 'nothing was forced')
      judge(error.report)
    })
    this.#mustHaveStopped()
    return shutting.catch(() => {})
  }

  #stop(isForced: boolean): void {
    this.stops += 1
    if (this.server.address !== undefined) this.#pledges.keep('closed', this.server.closed, () => {}, never)
    if (!isForced) return
    this.#run.isForced = true
    for (const member of this.#members) member.force()
  }

  #mustHaveStopped(): void {
    const { state } = this.server
    this.#pledges.guard(() => assert.notEqual(state, 'listening', 'it listens after it was stopped'))
  }

  /** Checks what must hold after it has closed. @throws the first contradiction */
  checkEnd(): void {
    const { server, observer } = this
    assert.ok(this.isStopped, `ended as ${server.state}`)
    observer.check()
    observer.watcher.checkEnd()
    const isCalm = !this.#hasRefusedNames && this.#members.every(({ hurt }) => hurt === undefined)
    // Node decides how its streams fail when they are cut off.
    const isOfStreams = isEcho(this.spec)
    for (const error of observer.complaints) {
      if (isCalm) throw new Error('It reports an error without a cause', { cause: error })
      if (!isOfStreams) KNOWN(error)
    }
    const problems = observer.problems({ failures: !isOfStreams, members: !this.#wasStoppedInside })
    assert.deepEqual(problems, [], `${this.spec.transport}: ${problems.join('; ')}`)
    const stats = server.stats()
    const { count, read, written } = this.#bytes
    if (!('accepted' in stats) || stats.accepted !== count) return
    assert.equal(stats.bytesRead, read, 'stats().bytesRead')
    assert.equal(stats.bytesWritten, written, 'stats().bytesWritten')
  }
}
