import assert from 'node:assert/strict'
import type { Address, Connection, ConnectionEvent } from '@sock/core'
import { isStream, type DatagramName, type StreamName } from '@sock/tools/transports'
import { context, handlerOf, isEcho, type Play } from '../world/handlers.js'
import { compare, Ledger, type End } from '../world/ledger.js'
import { LibraryEnd } from '../world/library-end.js'
import type { Means } from '../world/means.js'
import { Watcher } from '../world/observer.js'
import { rest, until, within } from '../world/pace.js'
import { NO_CONNECTION, Oops, Pledges } from '../world/pledges.js'
import { RawEnd } from '../world/raw-end.js'
import { Datagrams } from './datagrams.js'
import { isObserver, type Act, type Moment, type Plan, type Program, type ServerSpec } from './program.js'
import { CrowdServer } from './server.js'

/** Bytes, where many write at once. */
const MUCH_FOR_MANY = 16_385

/** Several servers, many connections, and whatever is done to any of them from anywhere. */
export class CrowdWorld {
  readonly pledges = new Pledges()
  readonly servers: readonly CrowdServer[]
  readonly #means: Means
  readonly #program: Program
  readonly #datagrams = new Map<CrowdServer, Datagrams>()
  readonly #accepted: LibraryEnd[] = []
  readonly #peers: End[] = []
  readonly #byId = new Map<number, LibraryEnd>()
  readonly #plans = new Map<Moment, Plan[]>()
  readonly #clientWatchers: Watcher[] = []
  #isEnding = false
  /** In a callback or an observer. */
  #isInside = false

  constructor(program: Program, means: Means) {
    this.#program = program
    this.#means = means
    this.servers = program.servers.map((spec) => this.#createServer(spec))
  }

  #createServer(spec: ServerSpec): CrowdServer {
    const { transport, form, highWaterMark, maxConnections } = spec
    const { pledges } = this
    const create = (handler: Play | Datagrams): CrowdServer => {
      const server = isStream(transport)
        ? this.#means.streamServer(transport, handlerOf(form, handler as Play), {
            highWaterMark,
            maxConnections,
            drainIdle: 0,
          })
        : this.#means.datagramServer(transport, (handler as Datagrams).handler(form))
      return new CrowdServer(spec, server, () => this.#means.target(transport), pledges)
    }
    const play: Play = {
      pledges,
      enter: (connection) => this.#enter(connection, crowd),
      of: (connection) => this.of(connection),
      at: (moment, end) => this.at(moment, end, crowd),
      actAt: (moment, end) => this.actAt(moment, end),
    }
    const datagrams = new Datagrams(
      () => crowd,
      pledges,
      () => this.at('data', undefined, crowd),
    )
    const crowd = create(isStream(transport) ? play : datagrams)
    if (!isStream(transport)) this.#datagrams.set(crowd, datagrams)
    crowd.server.on('state', () => this.at('on state') as void)
    crowd.server.on('error', () => this.at('on error') as void)
    crowd.server.on('connection', (event) => this.#observed(event) as void)
    return crowd
  }

  #observed({ id, state, reason }: ConnectionEvent): unknown {
    const end = this.#byId.get(id)
    if (state === 'close') end?.closed(reason)
    return state === 'new' || state === 'dial' ? undefined : this.at(`on ${state}`, end)
  }

  #enter(connection: Connection, server: CrowdServer): LibraryEnd {
    const { transport, form } = server.spec
    const ledger = new Ledger('accepted', transport, false)
    ledger.mayEnd = form !== 'callbacks' && form !== 'reader'
    const end = new LibraryEnd(ledger, connection, this.pledges, !isEcho(form))
    this.pledges.guard(() => assert.ok(!this.#byId.has(connection.id), 'a handler was called twice'))
    this.#byId.set(connection.id, end)
    server.join(ledger)
    this.#accepted.push(end)
    server.accepted.push(end)
    if (this.#isEnding) this.#serveOut(end)
    return end
  }

  of(connection: Connection): LibraryEnd {
    const end = this.#byId.get(connection.id)
    assert.ok(end !== undefined, 'a callback before "open"')
    return end
  }

  // What is planned, and done.

  at(moment: Moment, end?: LibraryEnd, server?: CrowdServer): unknown {
    const plan = this.#take(moment, end)
    if (plan === undefined || plan.outcome === 'returns') return undefined
    if (plan.outcome === 'late') return isObserver(moment) ? undefined : rest('turns')
    // What observers throw concerns nobody.
    if (server !== undefined) {
      server.observer.failures += 1
      if (end?.isGone === false) end.ledger.reset('its handler failed')
      if (end !== undefined && !end.ledger.sawEnd) end.ledger.isDeaf = true
    }
    const oops = new Oops(`${moment} fails`)
    if (plan.outcome === 'rejects') return Promise.reject(oops)
    if (plan.outcome === 'bad thenable' && server !== undefined) {
      const then = (): void => {
        throw oops
      }
      // oxlint-disable-next-line unicorn/no-thenable -- That is what it is about.
      return { then }
    }
    throw oops
  }

  actAt(moment: Moment, end: LibraryEnd): void {
    this.#take(moment, end)
  }

  /** @returns the plan, of which only the outcome is left to do */
  #take(moment: Moment, end: End | undefined): Plan | undefined {
    const plan = this.#isEnding ? undefined : this.#plans.get(moment)?.shift()
    if (plan === undefined) return undefined
    this.#isInside = true
    this.#perform(plan.acts, end)
    this.#isInside = false
    return plan
  }

  /** Outside of any context, which what is begun here would inherit. */
  #perform(acts: readonly Act[], self: End | undefined): void {
    context.exit(() => {
      for (const act of acts) this.#do(act, self)
    })
  }

  #do({ verb, who, which, size }: Act, self: End | undefined): void {
    const server = this.servers[which % this.servers.length] as CrowdServer
    switch (verb) {
      case 'connect':
        return this.#connect(server, size % 2 === 0 ? 'client' : 'raw')
      case 'connect and abort':
        return this.#abort(server)
      case 'send':
        return this.#datagrams.get(server)?.send(which, size)
      case 'close server':
      case 'shut down':
      case 'shut down at once':
        server.wasStoppedInside ||= this.#isInside
        return void (verb === 'close server' ? server.close() : server.shutDown(verb !== 'shut down'))
      case 'listen':
        return server.listen()
      case 'listen in vain':
        return server.listenInVain(size)
      default:
        for (const end of this.#whoIs(who, which, self)) {
          if (verb === 'write') end.do.write(Math.min(size, who.startsWith('many') ? MUCH_FOR_MANY : size))
          else end.do[verb]()
        }
    }
  }

  #whoIs(who: Act['who'], which: number, self: End | undefined): readonly End[] {
    if (who === 'self' && self !== undefined) return [self]
    const among: readonly End[] = who === 'peer' || who === 'many peers' ? this.#peers : this.#accepted
    if (who.startsWith('many')) return among.filter((_, at) => at % 2 === which % 2)
    const one = among[which % among.length]
    return one === undefined ? [] : [one]
  }

  #connect(server: CrowdServer, kind: 'raw' | 'client'): void {
    const { transport, form } = server.spec
    const datagrams = this.#datagrams.get(server)
    if (datagrams !== undefined) {
      datagrams.connect((address) =>
        this.#means.dialDatagram(transport as DatagramName, address, { maxQueuedBytes: 4 * 2 ** 20 }),
      )
      return
    }
    const { address } = server
    if (address === undefined) return
    if (kind === 'client' && form !== 'http') return this.#dial(server, address)
    const ledger = new Ledger('raw', transport, isEcho(form))
    const means = {
      address,
      ca: transport === 'tls' ? this.#means.authorities : undefined,
      speaksHttp: form === 'http',
    }
    this.#addPeer(new RawEnd(ledger, means, this.pledges), server)
  }

  #dial(server: CrowdServer, address: Address): void {
    const { transport, form } = server.spec
    const ledger = new Ledger('client', transport, isEcho(form))
    server.join(ledger)
    const watcher = new Watcher()
    this.#clientWatchers.push(watcher)
    let end: LibraryEnd | undefined
    const onState = (event: ConnectionEvent): unknown => {
      if (event.state === 'dial') return undefined
      this.pledges.guard(() => watcher.heard(event))
      if (event.state === 'close') end?.closed(event.reason)
      return event.state === 'new' ? undefined : this.at(`on ${event.state}`, end)
    }
    const connected = (connection: Connection): void => {
      end = new LibraryEnd(ledger, connection, this.pledges, true)
      this.#addPeer(end)
      void end.readOn(() => {})
    }
    this.pledges.keep(
      'connect()',
      this.#means.dial(transport as StreamName, address, { onState }),
      connected,
      NO_CONNECTION,
    )
  }

  #addPeer(peer: End, server?: CrowdServer): void {
    this.#peers.push(peer)
    server?.join(peer.ledger)
    if (this.#isEnding) this.#leave(peer)
  }

  /** Begins to connect a client of the library, and gives up at once. */
  #abort(server: CrowdServer): void {
    const { address, spec } = server
    if (address === undefined || !isStream(spec.transport)) return
    const stop = new AbortController()
    const dialling = this.#means.dial(spec.transport, address, { signal: stop.signal })
    this.pledges.keep(
      'connect() that is given up',
      dialling,
      (connection) => connection.destroy(),
      NO_CONNECTION,
    )
    stop.abort(new Oops('the model changed its mind'))
  }

  // From the beginning to the end.

  async play(patience: number): Promise<void> {
    for (const server of this.servers) server.listen()
    const isStarting = (): boolean => this.servers.some(({ server }) => server.state === 'starting')
    await until(
      () => !isStarting(),
      patience,
      () => 'a server starts for ever',
    )
    for (const { to, kind } of this.#program.peers)
      this.#connect(this.servers[to % this.servers.length] as CrowdServer, kind)
    await rest('turns')
    for (const step of this.#program.steps) {
      if ('at' in step) {
        const plans = this.#plans.get(step.at) ?? []
        this.#plans.set(step.at, [...plans, step])
      } else {
        this.#perform(step.acts, undefined)
        await rest(step.rest)
      }
      this.pledges.check()
      for (const { observer } of this.servers) observer.check()
    }
    await this.#end(patience)
  }

  async #end(patience: number): Promise<void> {
    this.#isEnding = true
    const { ending } = this.#program
    if (ending === 'gently') {
      await this.#endGently(patience)
    } else {
      for (const { ledger } of [...this.#peers, ...this.#accepted]) ledger.hurtBy('the end')
      for (const peer of this.#peers) peer.do.destroy()
      for (const server of this.servers) await within(server.close(), patience, 'close() of a server')
    }
  }

  async #endGently(patience: number): Promise<void> {
    for (const end of this.#accepted) this.#serveOut(end)
    for (const peer of this.#peers) this.#leave(peer)
    const isLate = (): string =>
      this.#peers
        .filter(({ ledger }) => !ledger.isOver)
        .map(({ ledger }) => ledger.name)
        .join(', ')
    await until(
      () => isLate() === '',
      patience,
      () => `never came to an end: ${isLate()}`,
    )
    for (const datagrams of this.#datagrams.values()) {
      await until(
        () => datagrams.missing === undefined,
        patience,
        () => datagrams.missing ?? '',
      )
    }
    for (const server of this.servers) await within(server.shutDown(), patience, 'shutdown()')
  }

  #serveOut(end: LibraryEnd): void {
    end.do.resume()
    if (this.#program.ending !== 'gently') return
    const close = (): void => {
      if (!end.ledger.mayEnd || end.ledger.isDeaf) end.do.close()
    }
    void end.inputOver.then(close)
  }

  #leave(peer: End): void {
    if (this.#program.ending !== 'gently') return
    peer.do.resume()
    peer.do.closeWrite()
    if (peer instanceof LibraryEnd) void peer.inputOver.then(peer.do.close)
  }

  /** Cleans up after a failure. */
  async abandon(): Promise<void> {
    this.#isEnding = true
    for (const peer of this.#peers) peer.do.destroy()
    await Promise.all(this.servers.map((server) => server.close()))
  }

  /** @returns how many streams were compared, and datagrams */
  async finish(patience: number): Promise<number> {
    for (const datagrams of this.#datagrams.values())
      for (const which of datagrams.clients.keys()) datagrams.closeClient(which)
    for (const server of this.servers) void server.close()
    for (const peer of this.#peers) peer.do.destroy()
    for (const end of [...this.#accepted, ...this.#peers]) end.do.resume()
    await this.pledges.allSettled(patience)
    await until(
      () => this.#peers.every(({ ledger }) => ledger.isOver),
      patience,
      () => 'a client is not closed',
    )
    this.pledges.check()
    for (const server of this.servers) server.checkEnd()
    for (const watcher of this.#clientWatchers) watcher.checkEnd()
    const accounts = [...this.#peers, ...this.#accepted].map(({ ledger }) => ledger.account())
    const { whole, problems } = compare(accounts, this.#program.ending === 'gently')
    assert.equal(problems.length, 0, problems[0])
    return [...this.#datagrams.values()].reduce((sum, one) => sum + one.delivered, whole)
  }
}
