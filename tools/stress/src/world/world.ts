import assert from 'node:assert/strict'
import type { Address, Connection, ConnectionEvent, DatagramChannel } from '@sock/core'
import { isStream, type StreamName } from '@sock/tools/transports'
import { isObserver, type Act, type Moment, type Plan, type ServerSpec } from './acts.js'
import { compareDatagrams, Datagrams, type DatagramAccount } from './datagrams.js'
import { context, handlerOf, isEcho, type Play } from './handlers.js'
import { Ledger, type Account, type End } from './ledger.js'
import { LibraryEnd } from './library-end.js'
import type { Means } from './means.js'
import { Watcher } from './observer.js'
import { rest, until } from './pace.js'
import { NO_CONNECTION, Oops, type Pledges } from './pledges.js'
import { RawEnd } from './raw-end.js'
import { WorldServer, type Place } from './server.js'

/** Bytes, where many write at once. */
const MUCH_FOR_MANY = 16_385

/** Says what a callback or an observer does now, if anything. */
export type Planner = (moment: Moment) => Plan | undefined

/** The servers and the clients of one process, and whatever is done to any of them from anywhere. */
export class World {
  readonly pledges: Pledges
  readonly servers: WorldServer[] = []
  /** Everybody reads on, and closes. */
  isEnding = false
  /** Where peers can connect. */
  readonly #places: Place[] = []
  readonly #means: Means
  readonly #planner: Planner
  readonly #datagrams = new Map<Place, Datagrams>()
  #accepted: LibraryEnd[] = []
  #peers: End[] = []
  #ledgers: Ledger[] = []
  readonly #byId = new Map<number, LibraryEnd>()
  #clientWatchers: Watcher[] = []
  /** In a callback or an observer. */
  #isInside = false

  constructor(means: Means, pledges: Pledges, planner: Planner) {
    this.#means = means
    this.pledges = pledges
    this.#planner = planner
  }

  /** @param timesSeen how often its events are looked at: more than once is a mistake */
  createServer(spec: ServerSpec, timesSeen?: number): WorldServer {
    const { transport, form, highWaterMark, maxConnections, idleTimeout } = spec
    const { pledges } = this
    const owner = (): WorldServer => made
    const target = (): string => this.#means.target(transport)
    const play: Play = {
      pledges,
      enter: (connection) => this.#enter(connection, made),
      of: (connection) => this.#of(connection),
      at: (moment, end) => this.#at(moment, end, made),
      actAt: (moment, end) => void this.#take(moment, end),
    }
    const datagrams = new Datagrams(owner, pledges, () => this.#at('data', undefined, made))
    const server = isStream(transport)
      ? this.#means.streamServer(transport, handlerOf(form, play), {
          highWaterMark,
          maxConnections,
          idleTimeout,
          drainIdle: 0,
        })
      : this.#means.datagramServer(transport, datagrams.handler(form))
    const made: WorldServer = new WorldServer(spec, server, target, pledges, timesSeen)
    server.on('state', () => this.#at('on state') as void)
    server.on('error', () => this.#at('on error') as void)
    server.on('connection', (event) => this.#observed(event, made) as void)
    this.servers.push(made)
    this.#addPlace(made, datagrams)
    return made
  }

  /** A server of another process. */
  addPlace(spec: ServerSpec, address: Address): void {
    const place: Place = { spec, address, stops: 0, join: () => {} }
    this.#addPlace(place, new Datagrams(() => place, this.pledges))
  }

  #addPlace(place: Place, datagrams: Datagrams): void {
    this.#places.push(place)
    if (!isStream(place.spec.transport)) this.#datagrams.set(place, datagrams)
  }

  #observed({ id, state, reason }: ConnectionEvent, server: WorldServer): unknown {
    const end = this.#byId.get(id)
    if (state === 'close' && end !== undefined) {
      end.closed(reason)
      server.left(end)
    }
    return state === 'new' || state === 'dial' ? undefined : this.#at(`on ${state}`, end)
  }

  #enter(connection: Connection, server: WorldServer): LibraryEnd {
    const { transport, form } = server.spec
    const ledger = this.#open(server, 'accepted', transport, false)
    ledger.mayEnd = form !== 'callbacks' && form !== 'reader'
    const end = new LibraryEnd(ledger, connection, this.pledges, !isEcho(form))
    this.pledges.guard(() => assert.ok(!this.#byId.has(connection.id), 'a handler was called twice'))
    this.#byId.set(connection.id, end)
    this.#accepted.push(end)
    if (this.isEnding) this.#serveOut(end)
    return end
  }

  #open(place: Place, kind: 'accepted' | 'client' | 'raw', transport: string, echoes: boolean): Ledger {
    const ledger = new Ledger(kind, transport, echoes)
    this.#ledgers.push(ledger)
    place.join(ledger)
    return ledger
  }

  #of(connection: Connection): LibraryEnd {
    const end = this.#byId.get(connection.id)
    assert.ok(end !== undefined, 'a callback before "open"')
    return end
  }

  // What is planned, and done.

  #at(moment: Moment, end?: LibraryEnd, server?: WorldServer): unknown {
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

  /** @returns the plan, of which only the outcome is left to do */
  #take(moment: Moment, end: End | undefined): Plan | undefined {
    const plan = this.isEnding ? undefined : this.#planner(moment)
    if (plan === undefined) return undefined
    this.#isInside = true
    this.perform(plan.acts, end)
    this.#isInside = false
    return plan
  }

  /** Outside of any context, which what is begun here would inherit. */
  perform(acts: readonly Act[], self?: End): void {
    context.exit(() => {
      for (const act of acts) this.#do(act, self)
    })
  }

  #do({ verb, who, which, size }: Act, self: End | undefined): void {
    const place = this.#places[which % this.#places.length] as Place
    const server = this.servers[which % this.servers.length]
    switch (verb) {
      case 'connect':
        return this.connect(which, size % 2 === 0 ? 'client' : 'raw')
      case 'connect and abort':
        return this.#abort(place)
      case 'send':
        return this.#datagrams.get(place)?.send(which, size)
      case 'close server':
      case 'shut down':
      case 'shut down at once':
        if (server === undefined) return
        server.wasStoppedInside ||= this.#isInside
        if (verb === 'close server') void server.close()
        else void server.shutDown(verb === 'shut down' ? undefined : 0)
        return
      case 'listen':
        return void server?.listen()
      case 'listen in vain':
        return server?.listenInVain(size)
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

  /** @param which of the places */
  connect(which: number, kind: 'raw' | 'client'): void {
    const place = this.#places[which % this.#places.length] as Place
    const { address, spec } = place
    const { transport, form } = spec
    if (address === undefined) return
    if (!isStream(transport)) {
      const dial = (): Promise<DatagramChannel> =>
        this.#means.dialDatagram(transport, address, { maxQueuedBytes: 4 * 2 ** 20 })
      this.#datagrams.get(place)?.connect(dial)
    } else if (kind === 'client' && form !== 'http') this.#dial(place, transport, address)
    else {
      const ledger = this.#open(place, 'raw', transport, isEcho(form))
      const ca = transport === 'tls' ? this.#means.authorities : undefined
      this.#addPeer(new RawEnd(ledger, { address, ca, speaksHttp: form === 'http' }, this.pledges))
    }
  }

  #dial(place: Place, transport: StreamName, address: Address): void {
    const ledger = this.#open(place, 'client', transport, isEcho(place.spec.form))
    const watcher = new Watcher()
    this.#clientWatchers.push(watcher)
    let end: LibraryEnd | undefined
    const onState = (event: ConnectionEvent): unknown => {
      if (event.state === 'dial') return undefined
      this.pledges.guard(() => watcher.heard(event))
      if (event.state === 'close') end?.closed(event.reason)
      return event.state === 'new' ? undefined : this.#at(`on ${event.state}`, end)
    }
    const connected = (connection: Connection): void => {
      end = new LibraryEnd(ledger, connection, this.pledges, true)
      this.#addPeer(end)
      void end.readOn(() => {})
    }
    this.pledges.keep(
      'connect()',
      this.#means.dial(transport, address, { onState }),
      connected,
      NO_CONNECTION,
    )
  }

  #addPeer(peer: End): void {
    this.#peers.push(peer)
    if (this.isEnding) this.#leave(peer)
  }

  /** Begins to connect a client of the library, and gives up at once. */
  #abort(place: Place): void {
    const { address, spec } = place
    if (address === undefined || !isStream(spec.transport)) return
    // Its server may complain of a handshake that was broken off.
    this.#open(place, 'client', spec.transport, false).hurtBy('given up')
    const stop = new AbortController()
    const dialling = this.#means.dial(spec.transport, address, { signal: stop.signal })
    this.pledges.keep('connect(), given up', dialling, (connection) => connection.destroy(), NO_CONNECTION)
    stop.abort(new Oops('the model changed its mind'))
  }

  // The end.

  /** Accepted connections read to the end, and end. */
  serveOut(): void {
    this.isEnding = true
    for (const end of this.#accepted) this.#serveOut(end)
  }

  #serveOut(end: LibraryEnd): void {
    end.do.resume()
    const close = (): void => {
      if (!end.ledger.mayEnd || end.ledger.isDeaf) end.do.close()
    }
    void end.inputOver.then(close)
  }

  /** Clients end what they write, read to the end, and leave. @throws unless they have left after `patience` ms */
  async leave(patience: number): Promise<void> {
    this.isEnding = true
    for (const peer of this.#peers) this.#leave(peer)
    const late = (): string =>
      this.#peers.flatMap(({ ledger }) => (ledger.isOver ? [] : ledger.name)).join(', ')
    await until(
      () => late() === '',
      patience,
      () => `never came to an end: ${late()}`,
    )
  }

  #leave(peer: End): void {
    peer.do.resume()
    peer.do.closeWrite()
    if (peer instanceof LibraryEnd) void peer.inputOver.then(peer.do.close)
  }

  /** Cuts everybody off. */
  destroyPeers(): void {
    this.isEnding = true
    for (const { ledger } of [...this.#peers, ...this.#accepted]) ledger.hurtBy('the end')
    for (const peer of this.#peers) peer.do.destroy()
  }

  /** Datagrams that the system took on Unix sockets, and that have not arrived. */
  get missing(): string[] {
    return compareDatagrams(this.datagramAccounts(false))
  }

  get isWaiting(): boolean {
    return [...this.#datagrams.values()].some((one) => one.isWaiting)
  }

  closeDatagrams(): void {
    for (const datagrams of this.#datagrams.values()) datagrams.closeAll()
  }

  datagramAccounts(forgets: boolean): DatagramAccount[] {
    return [...this.#datagrams.values()].flatMap((datagrams, place) => datagrams.accounts(place, forgets))
  }

  /** The numbers of places whose server was stopped since accounts were forgotten. */
  get stoppedPlaces(): number[] {
    return [...this.#datagrams.values()].flatMap(({ wasStopped }, place) => (wasStopped ? [place] : []))
  }

  /** Waits until every promise has settled and every client is closed. @throws what is wrong */
  async settle(patience: number): Promise<void> {
    for (const end of [...this.#accepted, ...this.#peers]) end.do.resume()
    await this.pledges.allSettled(patience)
    await until(() => this.#peers.every(({ ledger }) => ledger.isOver), patience, 'a client is not closed')
    for (const watcher of this.#clientWatchers) watcher.checkEnd()
    this.pledges.check()
  }

  /** How many clients are open. Forgets those that are closed. */
  countPeers(): number {
    // One that was told to stall may still have something to read.
    for (const peer of this.#peers) if (peer.ledger.isOver) peer.do.resume()
    this.#peers = this.#peers.filter(({ ledger }) => !ledger.isOver)
    return this.#peers.length
  }

  /** Accounts of all ends, which are then forgotten: to be called when all are closed. */
  collect(): Account[] {
    const accounts = this.#ledgers.map((ledger) => ledger.account())
    this.#ledgers = []
    this.#accepted = []
    this.#peers = []
    this.#clientWatchers = []
    this.#byId.clear()
    for (const server of this.servers) server.forget()
    return accounts
  }
}
