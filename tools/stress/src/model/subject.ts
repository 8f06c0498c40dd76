import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { isSockError, type Address, type Server, type ShutdownReport } from '@sock/core'
import { Life, type Attempt } from './life.js'
import { never, oneOf, Oops, Pledges } from './pledges.js'
import { Watcher } from './watchers.js'

export interface Targets {
  /** Something that nobody uses. */
  free(): unknown
  /** Where somebody listens already. */
  readonly taken: unknown
}

export type ListenTarget = 'free' | 'taken' | 'malformed'
export type ListenSignal = 'none' | 'signal' | 'aborted signal'
export type ShutdownLimit = 'default' | 'none' | 'short' | 'signal' | 'aborted signal' | 'malformed'
export type ObserverKind = 'state' | 'connection' | 'error'
/** What an observer does when it is called for the first time. */
export type ObserverAct = 'nothing' | 'throws' | 'rejects' | 'leaves' | 'closes' | 'shuts down' | 'listens'

/** ms: long enough to let some things end, short enough to strike others. */
const SHORT_DEADLINE = 3

/** No target of any transport. */
const NONSENSE = 1
const ignore = (): void => {}
const NOTHING: ShutdownReport = { idle: 0, drained: 0, forced: 0 }

/** The server under test: whatever is done to it goes through here, so that the model knows what to expect. */
export class Subject {
  readonly life = new Life()
  readonly pledges = new Pledges()
  /** The observer of connections from the beginning; absent if the sequence is to run unobserved. */
  readonly first: Watcher | undefined
  /** Handlers and callbacks that failed on purpose, and how many of them were reported. */
  failures = 0
  #reported = 0
  /** Peers that were reported as turned away. */
  turnedAway = 0
  readonly #watchers: { readonly watcher: Watcher | undefined; readonly leave: () => void }[] = []
  readonly #signals: { readonly stop: AbortController; readonly strike: () => void }[] = []
  #spent: AbortSignal[] = []
  #address: Address | undefined

  /** A callback has ended the server: who counts as open in the middle of it is nobody's promise. */
  endsInside = false
  readonly server: Server
  readonly #targets: Targets

  /** @param peerErrors codes of errors that peers can cause */
  constructor(server: Server, targets: Targets, isWatched: boolean, peerErrors: readonly string[]) {
    this.server = server
    this.#targets = targets
    server.on('state', (state, message) => this.pledges.guard(() => this.life.entered(state, message)))
    const isKnown = oneOf('ERR_SOCK_CONNECTION_LIMIT', 'ERR_SOCK_SHUTDOWN_TIMEOUT', ...peerErrors)
    server.on('error', (error) =>
      this.pledges.guard(() => {
        isKnown(error)
        if (error instanceof Oops) this.#reported += 1
        if (isSockError(error, 'ERR_SOCK_CONNECTION_LIMIT')) this.turnedAway += 1
      }),
    )
    if (!isWatched) return
    const watcher = (this.first = new Watcher(true))
    server.on('connection', (event) =>
      this.pledges.guard(() => {
        watcher.heard(event)
        // The one that comes counts already, the one that goes no longer.
        assert.equal(server.openConnections, watcher.open, `openConnections during "${event.state}"`)
      }),
    )
  }

  /** Where the server listens, or did. */
  get address(): Address | undefined {
    return this.server.address ?? this.#address
  }

  listen(target: ListenTarget, how: ListenSignal): void {
    const { life, pledges } = this
    const stop = new AbortController()
    const changedMind = new Oops('the model changed its mind')
    if (how === 'aborted signal') stop.abort(changedMind)
    const starts = life.canListen && target !== 'malformed' && how !== 'aborted signal'
    const expected = life.canListen
      ? target === 'malformed'
        ? 'ERR_SOCK_INVALID_ADDRESS'
        : 'the reason of the signal'
      : 'ERR_SOCK_INVALID_STATE'
    const before = life.state
    const attempt = starts ? life.announce(target === 'taken') : undefined
    const where =
      target === 'free' ? this.#targets.free() : target === 'taken' ? this.#targets.taken : NONSENSE
    const listening = this.server.listen(where as never, how === 'none' ? {} : { signal: stop.signal })
    if (attempt === undefined) {
      assert.equal(life.state, before, 'a listen() that cannot be has changed the state')
      pledges.keep(
        `listen() of ${target}`,
        listening,
        () => assert.fail(`must reject with ${expected}`),
        (error) => {
          if (expected.startsWith('ERR')) assert.equal((error as { code?: string }).code, expected)
          else assert.equal(error, changedMind)
        },
      )
      return
    }
    if (how === 'signal')
      this.#addSignal(stop, () => {
        if (life.attempt === attempt && !attempt.isOver) attempt.isAborted = true
      })
    pledges.keep(
      'listen()',
      listening,
      (address) => {
        assert.ok(!attempt.isTaken, 'listens where somebody else does')
        this.#address = address
      },
      (error) => {
        oneOf('ERR_SOCK_CLOSED', 'EADDRINUSE', 'ERR_SOCK_PATH_IN_USE')(error)
        const { code } = error as { code?: string }
        if (error instanceof Oops) assert.ok(attempt.isAborted, 'nobody aborted')
        else if (code === 'ERR_SOCK_CLOSED') assert.ok(attempt.isStopped, 'nobody closed it')
        else assert.ok(attempt.isTaken, `nobody has the target: ${code}`)
      },
    )
  }

  close(): Promise<void> {
    const attempt = this.life.stop('by force')
    const wasListening = this.life.state === 'listening'
    const closing = this.server.close()
    if (wasListening) assert.notEqual(this.life.state, 'listening', 'close() has not changed the state')
    this.pledges.keep('close()', closing, () => assert.ok(attempt?.isOver !== false, 'it still runs'), never)
    return closing
  }

  /** @returns what resolves when the shutdown is over, however it went */
  shutdown(limit: ShutdownLimit): Promise<void> {
    const stop = new AbortController()
    const isShort = limit !== 'default' && limit !== 'malformed' && limit !== 'signal'
    const isMalformed = limit === 'malformed'
    const attempt = isMalformed ? undefined : this.life.stop(isShort ? 'by force' : 'gently')
    const { state } = this.life
    if (limit === 'aborted signal') stop.abort()
    const options = {
      default: {},
      none: { timeout: 0 },
      short: { timeout: SHORT_DEADLINE },
      signal: { signal: stop.signal },
      'aborted signal': { signal: stop.signal },
      malformed: { timeout: -1 },
    }[limit]
    const shutting = this.server.shutdown(options)
    const over = shutting.then(ignore, ignore)
    if (isMalformed) {
      assert.equal(this.life.state, state, 'a malformed shutdown() has changed the state')
      this.pledges.keep(
        'shutdown() of nonsense',
        shutting,
        () => assert.fail('must reject'),
        (error) => assert.ok(error instanceof RangeError),
      )
      return over
    }
    if (state === 'listening')
      assert.notEqual(this.life.state, 'listening', 'shutdown() has not changed the state')
    if (limit === 'signal')
      this.#addSignal(stop, () => void (attempt !== undefined && (attempt.mayForce = true)))
    this.pledges.keep(
      `shutdown() with ${limit}`,
      shutting,
      (report) => this.#judgeReport(report, attempt),
      (error) => {
        assert.ok(
          isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT'),
          `rejected with ${String((error as Error).stack)}`,
        )
        assert.ok(error.report !== undefined && error.report.forced > 0, 'nothing was forced')
        this.#judgeReport(error.report, attempt)
      },
    )
    return over
  }

  /** Shuts down and waits for the end: nothing that could last is left, so nothing may have to be forced. */
  endGently(): Promise<void> {
    return this.shutdown('default')
  }

  dispose(): void {
    const attempt = this.life.stop('gently')
    this.pledges.keep(
      'asyncDispose()',
      Promise.resolve(this.server[Symbol.asyncDispose]()),
      () => {
        assert.ok(attempt?.isOver !== false, 'it still runs')
      },
      oneOf('ERR_SOCK_SHUTDOWN_TIMEOUT'),
    )
  }

  waitForClosed(): void {
    const { attempt } = this.life
    this.pledges.keep('closed', this.server.closed, () => assert.ok(attempt.isOver, 'it still runs'), never)
  }

  get signals(): number {
    return this.#signals.length
  }

  abort(which: number): void {
    const [signal] = this.#signals.splice(which % this.#signals.length, 1)
    signal?.strike()
    signal?.stop.abort(new Oops('the model aborts'))
    if (signal !== undefined) this.#spent.push(signal.stop.signal)
  }

  subscribe(kind: ObserverKind, act: ObserverAct): void {
    const watcher = kind === 'connection' ? new Watcher(false) : undefined
    let isFirst = true
    const react = (): unknown => {
      if (!isFirst) return undefined
      isFirst = false
      if (kind !== 'state' && this.life.isRunning)
        this.endsInside ||= act === 'closes' || act === 'shuts down'
      return this.#act(act, subscription.leave)
    }
    const { server } = this
    const unsubscribe =
      kind === 'connection'
        ? server.on(kind, (event) => {
            this.pledges.guard(() => watcher?.heard(event))
            return react() as never
          })
        : server.on(kind, () => react() as never)
    const subscription = {
      watcher,
      leave: () => {
        unsubscribe()
        if (watcher !== undefined) watcher.isActive = false
      },
    }
    this.#watchers.push(subscription)
  }

  get subscriptions(): number {
    return this.#watchers.length
  }

  unsubscribe(which: number): void {
    this.#watchers[which % this.#watchers.length]?.leave()
  }

  #act(act: ObserverAct, leave: () => void): unknown {
    if (act === 'throws') throw new Oops('an observer throws')
    if (act === 'rejects') return Promise.reject(new Oops('an observer rejects'))
    if (act === 'leaves') leave()
    if (act === 'closes') void this.close()
    if (act === 'shuts down') void this.shutdown('default')
    if (act === 'listens') this.listen('free', 'none')
    return undefined
  }

  #addSignal(stop: AbortController, strike: () => void): void {
    this.#signals.push({ stop, strike })
  }

  #judgeReport(report: ShutdownReport, attempt: Attempt | undefined): void {
    if (attempt !== undefined) assert.ok(attempt.isOver, 'it still runs')
    assert.deepEqual({ ...report }, attempt?.report ?? NOTHING, 'not what the state "closed" told')
  }

  /** What holds at any time. */
  check(): void {
    const { server, life, first } = this
    this.pledges.check()
    assert.equal(server.state, life.state)
    assert.equal(server.address !== undefined, life.isRunning, `an address, and ${life.state}`)
    if (first !== undefined) assert.equal(server.openConnections, first.open, 'openConnections')
    assert.equal(server.stats().open, server.openConnections, 'stats().open')
    assert.ok(this.#reported <= this.failures, 'more failures than there were')
  }

  /** What holds when the server is closed, and everything has settled. */
  checkEnd(): void {
    this.check()
    assert.ok(this.life.canListen, `ended as ${this.life.state}`)
    assert.equal(this.server.openConnections, 0)
    for (const watcher of [this.first, ...this.#watchers.map((each) => each.watcher)]) watcher?.checkEnd()
    assert.equal(this.#reported, this.failures, 'failures that were reported')
    assert.equal(this.server.stats().handlerErrors, this.failures, 'stats().handlerErrors')
    for (const signal of [...this.#spent, ...this.#signals.map(({ stop }) => stop.signal)])
      assert.equal(getEventListeners(signal, 'abort').length, 0, 'somebody still listens to a signal')
  }
}
