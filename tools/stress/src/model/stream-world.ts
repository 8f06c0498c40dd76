import assert from 'node:assert/strict'
import type { Connection, StreamServerStats, StreamHandler, StreamServerOptions } from '@sock/core'
import type { StreamFixture } from '@sock/testing'
import type { Attempt } from './life.js'
import { oneOf, Oops } from './pledges.js'
import { compareStreams, Side } from './side.js'
import { Subject, type Targets } from './subject.js'
import { Watcher } from './watchers.js'

export const FORMS = ['function', 'callbacks', 'few callbacks', 'reader'] as const
export const MOMENTS = ['handler', 'open', 'data', 'end', 'drain', 'close'] as const
/** What a handler or a callback does, the next time that it is called. */
export const ACTS = [
  'throws',
  'rejects',
  'waits',
  'returns',
  'writes',
  'closes',
  'destroys',
  'closes the server',
  'shuts down',
] as const

export type Form = (typeof FORMS)[number]
export type Moment = (typeof MOMENTS)[number]
export type Act = (typeof ACTS)[number]

/** How one sequence begins. */
export interface StreamSetup {
  readonly form: Form
  readonly isWatched: boolean
  readonly options: StreamServerOptions
}

interface Task {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** What peers can do to a server that handles failures well. TLS has more of it. */
const PEER_ERRORS = ['ERR_SOCK_HANDSHAKE_FAILED', 'ERR_SOCK_HANDSHAKE_TIMEOUT']
/** Why connecting may fail: nobody listens, no longer, not yet, or it was turned away in the middle of it. */
const NO_CONNECTION = oneOf(
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ERR_SOCK_HANDSHAKE_FAILED',
  'ERR_SOCK_RESET',
  'ERR_SOCK_CLOSED',
)

/** A stream server and its clients, with everything that was seen of them. */
export class StreamWorld {
  readonly subject: Subject
  readonly clients: Side[] = []
  readonly accepted: Side[] = []
  /** Handlers and callbacks that wait. */
  readonly tasks: (Task & { readonly side: Side })[] = []
  /** Everybody reads to the end and leaves. */
  isEnding = false
  equalStreams = 0
  readonly #fixture: StreamFixture
  readonly #sides = new Map<number, Side>()
  readonly #plans = new Map<Moment, Act>()
  /** Pending work of each server's side; those closed and without any are no members of the server any more. */
  readonly #work = new Map<Side, number>()
  readonly #closed = new Set<Side>()
  /** Which run of the server each belongs to: a forced end forgets handlers that work on. */
  readonly #attempts = new Map<Side, Attempt>()
  #joinedWhileDraining = 0
  #membersAtDraining = 0
  readonly #setup: StreamSetup
  #dials = 0
  #clientWatchers: Watcher[] = []

  constructor(fixture: StreamFixture, targets: Targets, setup: StreamSetup) {
    this.#fixture = fixture
    this.#setup = setup
    const server = fixture.createServer(handlerOf(setup.form, this), setup.options)
    this.subject = new Subject(server, targets, setup.isWatched, PEER_ERRORS)
    server.on('state', (state) => {
      if (state === 'draining') {
        this.#membersAtDraining = this.#members
        this.#joinedWhileDraining = 0
      }
      if (state === 'closed') this.subject.pledges.guard(() => this.#checkReport())
    })
    if (!setup.isWatched) return
    server.on('connection', ({ id, state, reason }) => {
      const side = this.#sides.get(id)
      if (state !== 'close' || side === undefined) return
      this.#closed.add(side)
      // What its handler wrote was flushed, and the peer has seen the end of it.
      if (reason === 'ended') side.acknowledged ??= side.sent
    })
  }

  // Clients.

  connect(isAborted: boolean): void {
    const { address, pledges } = this.subject
    if (address === undefined) return
    this.#dials += 1
    const stop = new AbortController()
    const watcher = new Watcher(true)
    this.#clientWatchers.push(watcher)
    let isDialled = false
    const connecting = this.#fixture.connect(address, {
      signal: stop.signal,
      onState: (event) =>
        pledges.guard(() => {
          if (isDialled) watcher.heard(event)
          else assert.equal(event.state, 'dial')
          isDialled = true
        }),
    })
    if (isAborted) stop.abort(new Oops('the model does not want it any more'))
    pledges.keep(
      'connect()',
      connecting,
      (connection) => {
        const side = new Side('client', connection, pledges)
        this.clients.push(side)
        if (this.isEnding) void this.#leave(side)
      },
      NO_CONNECTION,
    )
  }

  // Handlers.

  plan(moment: Moment, act: Act): void {
    this.#plans.set(moment, act)
  }

  /** A connection has come to its handler. */
  enter(connection: Connection): Side {
    const { life, pledges } = this.subject
    const { attempt } = life
    // A server that drains shows idle connections an end that nobody sent.
    const mayEndEarly = (): boolean => life.attempt !== attempt || life.state !== 'listening'
    const side = new Side('server', connection, pledges, mayEndEarly)
    pledges.guard(() => assert.ok(!this.#sides.has(connection.id), 'a handler was called twice'))
    this.#sides.set(connection.id, side)
    this.accepted.push(side)
    this.#attempts.set(side, attempt)
    if (life.state === 'draining') this.#joinedWhileDraining += 1
    if (this.isEnding) void this.#serveOut(side)
    return side
  }

  of(connection: Connection): Side {
    const side = this.#sides.get(connection.id)
    assert.ok(side !== undefined, 'a callback before "open"')
    return side
  }

  /** What a handler or callback does now. */
  act(moment: Moment, side: Side, otherwise: Act): void | Promise<void> {
    // In the end nobody is there any more to finish what waits.
    const act = (this.isEnding ? undefined : this.#plans.get(moment)) ?? otherwise
    this.#plans.delete(moment)
    switch (act) {
      case 'throws':
        side.deafen()
        this.subject.failures += 1
        throw new Oops(`${moment} throws`)
      case 'rejects':
        side.deafen()
        this.subject.failures += 1
        return this.#track(side, Promise.reject(new Oops(`${moment} rejects`)))
      case 'waits':
        return this.#wait(side)
      case 'writes':
        side.write(100)
        break
      case 'closes':
        void side.close()
        break
      case 'destroys':
        side.destroy('plain')
        break
      case 'closes the server':
      case 'shuts down':
        this.subject.endsInside = true
        if (act === 'shuts down') void this.subject.shutdown('default')
        else void this.subject.close()
        break
      case 'returns':
        break
    }
    // A function that returns is at its end.
    if (moment !== 'handler') return undefined
    if (act !== 'returns') return this.#wait(side)
    side.deafen()
    return undefined
  }

  #wait(side: Side): Promise<void> {
    return this.#track(
      side,
      new Promise((resolve, reject) => void this.tasks.push({ side, resolve, reject })),
    )
  }

  /** Notes when work is over, in the moment before the server hears of it. */
  #track(side: Side, work: Promise<void>): Promise<void> {
    const change = (by: number) => (): void => void this.#work.set(side, (this.#work.get(side) ?? 0) + by)
    change(1)()
    work.then(change(-1), change(-1))
    return work
  }

  finishTask(which: number, how: 'done' | 'fails'): void {
    const [task] = this.tasks.splice(which % this.tasks.length, 1)
    if (task === undefined) return
    if (how === 'done') {
      if (this.#setup.form === 'function') task.side.deafen()
      task.resolve()
      return
    }
    task.side.deafen()
    this.subject.failures += 1
    task.reject(new Oops('a handler rejects'))
  }

  // Invariants.

  get #members(): number {
    const { attempt } = this.subject.life
    const isMember = (side: Side): boolean => !this.#closed.has(side) || (this.#work.get(side) ?? 0) > 0
    return this.accepted.filter((side) => this.#attempts.get(side) === attempt && isMember(side)).length
  }

  #checkReport(): void {
    const { report } = this.subject.life.attempt
    if (report === undefined || !this.#setup.isWatched || this.subject.endsInside) return
    const counted = report.idle + report.drained + report.forced
    const members = this.#membersAtDraining + this.#joinedWhileDraining
    assert.ok(counted >= members, `the report counts ${counted}, and there were ${members}`)
    // Handshakes that were forced count too, and each was somebody's who dialled.
    const most = this.subject.server.secure ? members + this.#dials : members
    assert.ok(counted <= most, `the report counts ${counted}, and there were ${members}`)
  }

  check(): void {
    this.subject.check()
    for (const side of [...this.clients, ...this.accepted]) side.check()
    const stats = this.subject.server.stats() as StreamServerStats
    assert.equal(stats.accepted, this.accepted.length, 'stats().accepted')
    assert.equal(
      stats.bytesRead,
      sum(this.accepted.map(({ connection }) => connection.bytesRead)),
      'stats().bytesRead',
    )
    assert.equal(stats.bytesWritten, sum(this.accepted.map(({ sent }) => sent)), 'stats().bytesWritten')
    assert.ok(stats.accepted + stats.rejected.connectionLimit <= this.#dials, 'more peers than there were')
    assert.equal(stats.rejected.connectionLimit, this.subject.turnedAway, 'stats().rejected.connectionLimit')
    assert.ok(stats.open <= (this.#setup.options.maxConnections ?? Infinity), 'more than maxConnections')
  }

  // The end.

  /** Everybody says and reads what there is, and leaves in good order. */
  async endGently(): Promise<void> {
    this.isEnding = true
    await Promise.all([
      ...this.clients.map((side) => this.#leave(side)),
      ...this.accepted.map((side) => this.#serveOut(side)),
    ])
    await this.subject.endGently()
  }

  async #leave(client: Side): Promise<void> {
    client.closeWrite()
    await client.read(Infinity)
    await client.close()
  }

  async #serveOut(side: Side): Promise<void> {
    await side.read(Infinity)
    this.#release(side)
    await side.close()
  }

  #release(side?: Side): void {
    for (let at = this.tasks.length - 1; at >= 0; at--) {
      if (side === undefined || this.tasks[at]?.side === side) this.finishTask(at, 'done')
    }
  }

  async endByForce(): Promise<void> {
    this.isEnding = true
    const closing = this.subject.close()
    for (const { connection } of this.clients) connection.destroy()
    await closing
    this.#release()
  }

  async finish(patience: number): Promise<void> {
    const { pledges, server } = this.subject
    void this.subject.close()
    await pledges.allSettled(patience)
    for (const client of this.clients) await client.close()
    this.#release()
    await pledges.allSettled(patience)
    await new Promise(setImmediate)
    this.check()
    this.subject.checkEnd()
    for (const watcher of this.#clientWatchers) watcher.checkEnd()
    assert.equal((server.stats() as StreamServerStats).handshaking, 0, 'stats().handshaking')
    this.equalStreams = compareStreams([...this.clients, ...this.accepted])
  }
}

function handlerOf(form: Form, world: StreamWorld): StreamHandler {
  if (form === 'function') return (connection) => world.act('handler', world.enter(connection), 'waits')
  const few: StreamHandler = {
    open: (connection) => world.act('open', world.enter(connection), 'returns'),
    close: (connection) => world.act('close', world.of(connection), 'returns'),
  }
  if (form === 'reader') return few
  const data = (connection: Connection, chunk: Buffer): void | Promise<void> => {
    const side = world.of(connection)
    side.heard(chunk)
    return world.act('data', side, 'returns')
  }
  if (form === 'few callbacks') return { ...few, data }
  return {
    ...few,
    data,
    end(connection) {
      const side = world.of(connection)
      side.ended()
      return world.act('end', side, world.isEnding ? 'closes' : 'returns')
    },
    drain: (connection) => world.act('drain', world.of(connection), 'returns'),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((before, number) => before + number, 0)
