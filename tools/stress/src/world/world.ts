import assert from 'node:assert/strict'
import type { Address, Connection, ConnectionEvent, DatagramChannel } from '@sock/core'
import { isStream, type DatagramName, type StreamName } from '@sock/tools/transports'
import { isObserver, isOfServer, type Act, type Moment, type Plan, type ServerSpec } from './acts.js'
import { DatagramEnd, UNREACHABLE } from './datagrams.js'
import { context, isEcho } from './handlers.js'
import { Ledger, type Account, type End } from './ledger.js'
import { LibraryEnd } from './library-end.js'
import type { Means } from './means.js'
import { Watcher } from './observer.js'
import { rest, until } from './pace.js'
import { failure, NO_CONNECTION, type Pledges } from './pledges.js'
import { RawEnd } from './raw-end.js'
import { WorldServer, type Place } from './server.js'

/** The size of writes in bytes, when many connections write at once. */
const MUCH_FOR_MANY = 16_385

/** Returns the plan for this callback or observer, if there is one. */
export type Planner = (moment: Moment) => Plan | undefined

/** The servers and clients of one process, and the acts on them. */
export class World {
  readonly means: Means
  readonly pledges: Pledges
  readonly servers: WorldServer[] = []
  /** The servers to which peers can connect. */
  readonly places: Place[] = []
  /** Answers to datagrams that are sent later. */
  held: (() => void)[] = []
  /** Whether all ends read to the end, and close. */
  isEnding = false
  readonly #planner: Planner
  #accepted: LibraryEnd[] = []
  #peers: End[] = []
  #ledgers: Ledger[] = []
  readonly #clients = new Watcher()
  readonly #byId = new Map<number, LibraryEnd>()
  readonly #exchanges = new Map<number, Ledger>()
  /** Whether a callback or an observer is running. */
  #isInside = false

  constructor(means: Means, pledges: Pledges, planner: Planner) {
    this.means = means
    this.pledges = pledges
    this.#planner = planner
  }

  createServer(spec: ServerSpec): WorldServer {
    const made = new WorldServer(spec, this)
    made.server.on('state', () => this.at('on state') as void)
    made.server.on('error', () => this.at('on error') as void)
    made.server.on('connection', (event) => this.#observed(event, made) as void)
    this.servers.push(made)
    this.places.push(made)
    return made
  }

  placeOf(which: number): Place {
    return this.places[which % this.places.length] as Place
  }

  #observed({ id, state, reason }: ConnectionEvent, server: WorldServer): unknown {
    const end = this.#byId.get(id)
    if (state === 'close' && end !== undefined) {
      end.closed(reason)
      server.left(end)
    }
    return state === 'new' || state === 'dial' ? undefined : this.at(`on ${state}`, end)
  }

  enter(connection: Connection, server: WorldServer): LibraryEnd {
    const { spec } = server
    const ledger = this.#open(server, 'accepted')
    ledger.mayEnd = spec.form !== 'callbacks' && spec.form !== 'reader'
    const end = new LibraryEnd(ledger, connection, this.pledges, !isEcho(spec))
    this.pledges.guard(() => assert.ok(!this.#byId.has(connection.id), 'a handler was called twice'))
    this.#byId.set(connection.id, end)
    this.#accepted.push(end)
    if (this.isEnding) this.#serveOut(end)
    return end
  }

  #open(place: Place, kind: 'accepted' | 'client' | 'raw'): Ledger {
    const ledger = new Ledger(kind, place.spec)
    this.#ledgers.push(ledger)
    place.join?.(ledger)
    return ledger
  }

  /** The server's ledger of what it exchanges with a client of datagrams. */
  exchangeWith(client: number, server: WorldServer): Ledger {
    const known = this.#exchanges.get(client)
    if (known !== undefined) return known
    const ledger = this.#open(server, 'accepted')
    ledger.sawEnd = true
    ledger.isOver = this.isEnding
    this.#exchanges.set(client, ledger)
    return ledger
  }

  /** Sends the delayed answers. */
  sendHeld(): void {
    for (const answer of this.held.splice(0)) answer()
  }

  of(connection: Connection): LibraryEnd {
    const end = this.#byId.get(connection.id)
    assert.ok(end !== undefined, 'a callback before "open"')
    return end
  }

  // Plans and acts.

  at(moment: Moment, end?: LibraryEnd, server?: WorldServer): unknown {
    const plan = this.take(moment, end)
    if (plan === undefined || plan.outcome === 'returns') return undefined
    if (plan.outcome === 'late') return isObserver(moment) ? undefined : rest('turns')
    // Errors of observers have no effect.
    if (server !== undefined) {
      server.observer.failures += 1
      if (end?.isGone === false) end.ledger.reset('its handler failed')
      if (end !== undefined && !end.ledger.sawEnd) end.ledger.isDeaf = true
    }
    const thrown = failure(plan.acts[0]?.which ?? 0, `${moment} fails`)
    const fail = (): never => {
      throw thrown
    }
    return plan.outcome === 'rejects' ? Promise.resolve().then(fail) : fail()
  }

  /** Performs the acts of the plan. @returns the plan, whose outcome is still to come */
  take(moment: Moment, end: End | undefined): Plan | undefined {
    const plan = this.isEnding ? undefined : this.#planner(moment)
    if (plan === undefined) return undefined
    this.#isInside = true
    this.perform(plan.acts, end)
    this.#isInside = false
    return plan
  }

  /** Performs acts outside of any asynchronous context, because they would inherit it. */
  perform(acts: readonly Act[], self?: End): void {
    context.exit(() => {
      for (const act of acts) this.#do(act, self)
    })
  }

  #do(act: Act, self: End | undefined): void {
    const { verb, which, size, who } = act
    const place = this.placeOf(which)
    if (verb === 'connect') this.connect(place, size % 2 === 0 ? 'client' : 'raw')
    else if (verb === 'connect and abort') this.connect(place, 'given up', which)
    else if (isOfServer(verb)) this.servers[which % this.servers.length]?.do(verb, this.#isInside, which)
    else
      for (const end of this.#whoIs(act, self)) {
        if (verb === 'write') end.do.write(who.startsWith('many') ? Math.min(size, MUCH_FOR_MANY) : size)
        else end.do[verb]()
      }
  }

  #whoIs({ who, which }: Act, self: End | undefined): readonly End[] {
    if (who === 'self' && self !== undefined) return [self]
    const among: readonly End[] = who === 'peer' || who === 'many peers' ? this.#peers : this.#accepted
    if (who.startsWith('many')) return among.filter((_, at) => at % 2 === which % 2)
    const one = among[which % among.length]
    return one === undefined ? [] : [one]
  }

  /**
   * @param kind a socket of Node, a client of the library, or one that is aborted at once
   * @param which chooses the reason to abort
   */
  connect(place: Place, kind: 'raw' | 'client' | 'given up', which = 0): void {
    const { address } = place
    const { transport } = place.spec
    if (address === undefined) return
    if (!isStream(transport)) this.#dialDatagrams(place, transport, address)
    else if (kind !== 'raw') this.#dial(place, transport, address, kind === 'given up', which)
    else {
      const ca = transport === 'tls' ? this.means.authorities : undefined
      this.#addPeer(new RawEnd(this.#open(place, 'raw'), address, ca, this.pledges))
    }
  }

  #dialDatagrams(place: Place, transport: DatagramName, address: Address): void {
    const ledger = this.#open(place, 'client')
    if (place.mayStop === true) ledger.hurtBy('its server may be stopped')
    const connected = (channel: DatagramChannel): void => {
      const end = new DatagramEnd(ledger, channel, this.pledges, this.means.largest(transport))
      this.#addPeer(end)
      // The system may give a client the port that the server has just closed: then it receives its own datagrams.
      if (String(channel.localAddress) === String(channel.remoteAddress)) end.do.close()
    }
    this.pledges.keep('connect()', this.means.dialDatagram(transport, address), connected, UNREACHABLE)
  }

  /** Connects a client of the library. @param isGivenUp whether it is aborted at once */
  #dial(place: Place, transport: StreamName, address: Address, isGivenUp: boolean, which: number): void {
    const ledger = this.#open(place, 'client')
    // The server may report an aborted handshake.
    if (isGivenUp) ledger.hurtBy('given up')
    let end: LibraryEnd | undefined
    const onState = (event: ConnectionEvent): unknown => {
      if (event.state === 'dial') return undefined
      this.pledges.guard(() => this.#clients.heard(event))
      if (event.state === 'close') end?.closed(event.reason)
      return event.state === 'new' ? undefined : this.at(`on ${event.state}`, end)
    }
    const connected = (connection: Connection): void => {
      end = new LibraryEnd(ledger, connection, this.pledges, true)
      this.#addPeer(end)
      void end.readOn(() => {})
      if (isGivenUp) end.do.destroy()
    }
    const stop = new AbortController()
    const dialling = this.means.dial(transport, address, { onState, signal: stop.signal })
    this.pledges.keep('connect()', dialling, connected, NO_CONNECTION)
    if (isGivenUp) stop.abort(failure(which, 'the model changed its mind'))
  }

  #addPeer(peer: End): void {
    this.#peers.push(peer)
    if (this.isEnding) this.#leave(peer)
  }

  // The end.

  /** Lets accepted connections read to the end, and then end. */
  serveOut(): void {
    this.isEnding = true
    for (const end of this.#accepted) this.#serveOut(end)
    // The end of a server loses no datagram, because all clients leave before.
    for (const ledger of this.#exchanges.values()) ledger.isOver = true
    this.sendHeld()
  }

  #serveOut(end: LibraryEnd): void {
    end.do.resume()
    const close = (): void => {
      if (!end.ledger.mayEnd || end.ledger.isDeaf) end.do.close()
    }
    void end.inputOver.then(close)
  }

  /** Lets clients end their output, read to the end, and close. @throws if a client is open after `patience` ms */
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

  /** Destroys all peers. */
  destroyPeers(): void {
    this.isEnding = true
    for (const { ledger } of [...this.#peers, ...this.#accepted]) ledger.hurtBy('the end')
    for (const peer of this.#peers) peer.do.destroy()
  }

  /** Waits until every promise has settled and every client is closed. @throws the first fault */
  async settle(patience: number): Promise<void> {
    for (const end of [...this.#accepted, ...this.#peers]) end.do.resume()
    await this.pledges.allSettled(patience)
    await until(() => this.countPeers() === 0, patience, 'a client is not closed')
    this.#clients.checkEnd()
    this.pledges.check()
  }

  /** Returns the number of open clients, and forgets closed ones. */
  countPeers(): number {
    // A stalled client may still have unread input.
    for (const peer of this.#peers) if (peer.ledger.isOver) peer.do.resume()
    this.#peers = this.#peers.filter(({ ledger }) => !ledger.isOver)
    return this.#peers.length
  }

  /** Returns the accounts of all ends, and forgets them. Call it when all are closed. */
  collect(): Account[] {
    const accounts = this.#ledgers.map((ledger) => ledger.account())
    this.#ledgers = []
    this.#accepted = []
    this.#peers = []
    this.#byId.clear()
    this.#exchanges.clear()
    for (const server of this.servers) server.forget()
    return accounts
  }
}
