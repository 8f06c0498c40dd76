import { formatAddress, type Address, type IpAddress, type PeerCredentials } from '@sock/core'
import { cannotSend, unixDestination, type DatagramPortSink, type DatagramSending } from '@sock/core/datagram'
import { unixAddress } from '@sock/core/transport'
import { AsyncResource } from 'node:async_hooks'
import { constants } from 'node:os'
import { isIP } from 'node:net'
import { DESTROYED_BY_HAND, type DatagramSocketEvents, type Notifier, type Loop } from './loop.js'
import { kinds, UNIX_FAMILY } from './numbers.js'
import type { NativeUdpPort, NativeUnixgramPort } from './datagram-engine.js'
import { countLeftBehind } from './left-behind.js'
import { NativeSocket } from './native-socket.js'
import type { BatchedDatagram } from './send-batch.js'
import { addressOf, credentialsOf, type Family } from './senders.js'
import { systemError, type Details } from './system-error.js'

const { EAGAIN, ECONNREFUSED, ESTALE } = constants.errno

/**
 * The 65,535 bytes of an IPv4 packet less its header of 20 and UDP's of 8 (udp(7)); in IPv6 the length excludes the
 * header.
 */
const MAX_MESSAGE: Record<Family, number> = { 4: 65_507, 6: 65_527, [UNIX_FAMILY]: 4 * 1024 * 1024 }
const MAX_PORT = 65_535
/** Linux reports twice the buffer size that it granted (socket(7)). */
const REPORTED_PER_GRANTED = 2
const UNNAMED = unixAddress('')
const IPV4_ONLY = 'the socket is bound to IPv4. Bind the server to an IPv6 address'

type Received = Parameters<DatagramPortSink['received']>

/** A port over a datagram socket of the addon. */
export class NativeDatagramPort implements NativeUdpPort, NativeUnixgramPort, DatagramSocketEvents, Notifier {
  readonly scope = new AsyncResource('SOCKDATAGRAM', DESTROYED_BY_HAND)
  readonly #loop: Loop
  readonly #family: Family
  #slot: number
  #local: Address = UNNAMED
  #peer: Address | undefined
  #sink: DatagramPortSink | undefined
  #credentials: PeerCredentials | undefined
  #drops = 0
  #isPaused = false
  /** Datagrams that arrived in the same batch after the pause. */
  #held: Received[] = []

  constructor(loop: Loop, slot: number, family: Family) {
    this.#loop = loop
    this.#slot = slot
    this.#family = family
    loop.register(slot, this)
  }

  get localAddress(): Address {
    return this.#local
  }
  get remoteAddress(): Address | undefined {
    return this.#peer
  }
  get maxMessageBytes(): number {
    const isIpv4 = this.#peer?.family === 'ipv4'
    return MAX_MESSAGE[isIpv4 ? 4 : this.#family]
  }
  get receiveBufferSize(): number {
    return this.#loop.addon.getOption(this.#slot, 'receiveBuffer') / REPORTED_PER_GRANTED
  }
  get sendBufferSize(): number {
    return this.#loop.addon.getOption(this.#slot, 'sendBuffer') / REPORTED_PER_GRANTED
  }
  get socket(): NativeSocket {
    return new NativeSocket(this.#loop.addon, () => this.#slot)
  }

  /** Binds a UDP socket. @throws the system's error */
  bindIp(host: string, port: number): void {
    check(this.#loop.addon.bindIp(this.#slot, host, port), 'bind', { address: host, port })
    this.#findName()
  }

  /** Connects a UDP socket. @throws the system's error */
  connectIp(peer: IpAddress): void {
    const { host, port } = peer
    check(this.#loop.addon.dialIp(this.#slot, host, port), 'connect', { address: host, port })
    this.#peer = peer
    this.#findName()
  }

  bind(name: string): void {
    check(this.#loop.addon.bindPath(this.#slot, Buffer.from(name)), 'bind', { path: name })
    this.#findName()
  }

  connect(name: string): void {
    check(this.#loop.addon.dialPath(this.#slot, Buffer.from(name)), 'connect', { path: name })
    this.#peer = unixAddress(name.startsWith('\0') ? `@${name.slice(1)}` : name)
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
    this.#receive(true)
  }

  pause(): void {
    this.#isPaused = true
    this.#receive(false)
  }

  resume(): void {
    this.#isPaused = false
    // Deliver later: code that calls resume() is in the middle of reading.
    if (this.#held.length > 0) this.#loop.notifyLater(this)
    else this.#receive(true)
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    if (this.#isClosed) return
    try {
      const isToPeer = to === undefined || this.#isPeer(to)
      const token = isToPeer ? 0 : this.#loop.senders.token(to, this.#family)
      const isKnown = isToPeer ? this.#family !== UNIX_FAMILY : token !== 0
      const datagram: BatchedDatagram = { owner: this, data, to: isToPeer ? undefined : to, sending }
      if (isKnown && this.#loop.sendBatch.add(this.#slot, token, datagram)) return
      // Batched datagrams are sent first, and may find no room.
      this.#loop.sendBatch.flush()
      const errno = this.#sendNow(datagram, isToPeer || token !== 0 ? token : undefined)
      if (errno === 0) sending.done()
      else this.failed(datagram, errno)
    } catch (error) {
      sending.done(error as Error)
    }
  }

  ref(): void {
    this.#loop.addon.setReferenced(this.#slot, true)
  }

  unref(): void {
    this.#loop.addon.setReferenced(this.#slot, false)
  }

  kernelDrops(): number {
    if (this.#isClosed) return this.#drops
    const drops = this.#loop.addon.kernelDrops(this.#slot)
    return (this.#drops = drops < 0 ? this.#drops : drops)
  }

  close(): void {
    if (this.#isClosed) return
    const slot = this.#slot
    // The counters of a server outlive its socket.
    this.kernelDrops()
    this.#loop.sendBatch.flush()
    if (this.#peer === undefined) this.#drops += countLeftBehind(this.#loop.addon.descriptor(slot))
    this.#loop.close(slot, false, this)
    this.#slot = -1
    // As with Node's sockets, 'closed' is reported in the context of the code that closed it.
    process.nextTick(tellClosed, this, slot)
  }

  /** Used by {@link close} only. */
  tellClosed(slot: number): void {
    this.#loop.forget(slot, this)
    const sink = this.#sink
    this.#sink = undefined
    // They were taken from the system: core counts them.
    for (const received of this.#held.splice(0)) sink?.received(...received)
    sink?.closed()
    this.scope.emitDestroy()
  }

  // Called by the loop.

  datagram(data: Buffer, from: Address | undefined, truncated: boolean): void {
    if (this.#isPaused || this.#isClosed || this.#held.length > 0)
      this.#held.push([data, from, truncated, this.#credentials])
    else this.#sink?.received(data, from, truncated, this.#credentials)
  }

  event(kind: number, a: number): void {
    if (this.#isClosed) return
    if (kind === kinds.writable) this.#sink?.writable?.()
    else if (kind === kinds.failed) this.#sink?.failed(systemError(a, 'recvmsg'))
  }

  credentials(value: unknown): void {
    this.#credentials = value === undefined ? undefined : credentialsOf(value)
  }

  notify(): void {
    while (!this.#isPaused && !this.#isClosed && this.#held.length > 0) {
      this.#sink?.received(...(this.#held.shift() as Received))
    }
    if (!this.#isPaused && !this.#isClosed) this.#receive(true)
  }

  get #isClosed(): boolean {
    return this.#slot < 0
  }

  #findName(): void {
    this.#local = addressOf(this.#loop.addon.name(this.#slot, false)) ?? UNNAMED
  }

  #receive(whether: boolean): void {
    if (this.#isClosed) return
    const errno = this.#loop.addon.setReceiving(this.#slot, whether)
    if (errno !== 0) this.#sink?.failed(systemError(errno, 'epoll_ctl'))
  }

  /** Sends a datagram. @param token `undefined` if there is none @returns 0 or errno */
  #sendNow({ data, to, sending }: BatchedDatagram, token: number | undefined): number {
    if (sending.isBehind?.() === true) return EAGAIN
    if (token !== undefined) return this.#loop.addon.sendDatagram(this.#slot, data, token)
    return this.#sendTo(data, to as Address)
  }

  #sendTo(data: Uint8Array, to: Address): number {
    const { addon } = this.#loop
    if (this.#family === UNIX_FAMILY)
      return addon.sendDatagramToPath(this.#slot, data, Buffer.from(unixDestination(to).path))
    if (to.family === 'unix') throw cannotSend(to, 'it is not an IP address')
    const { host, port } = to
    const version = isIP(host)
    // Host names are refused: a look-up per datagram would be a hidden delay, and a way to keep a server busy.
    if (version === 0) throw cannotSend(to, 'it is not an IP address')
    if (this.#family === 4 && version === 6) throw cannotSend(to, IPV4_ONLY)
    if (!(Number.isInteger(port) && port > 0 && port <= MAX_PORT)) throw cannotSend(to, `the port is ${port}`)
    const isMapped = this.#family === 6 && version === 4
    return addon.sendDatagramToIp(this.#slot, data, isMapped ? `::ffff:${host}` : host, port)
  }

  /** Handles a refused datagram. It is sent again by address if the addon does not know its token any more. */
  failed(datagram: BatchedDatagram, refusal: number): void {
    const { to, sending } = datagram
    try {
      const errno = refusal === ESTALE && to !== undefined ? this.#sendNow(datagram, undefined) : refusal
      sending.done(errno === 0 ? undefined : this.#errorOf(errno, to))
    } catch (error) {
      sending.done(error as Error)
    }
  }

  #errorOf(errno: number, to: Address | undefined): Error {
    if (errno === EAGAIN) {
      // Without a peer the system cannot tell whose queue is full.
      const isTold = this.#family !== UNIX_FAMILY || this.#peer !== undefined
      if (isTold) this.#loop.addon.awaitSendRoom(this.#slot)
      return NO_ROOM
    }
    const error = systemError(errno, 'send', detailsOf(to ?? this.#peer))
    // The system may report the failure of an earlier datagram with a later send: a waiting read gets it too.
    if (errno === ECONNREFUSED && this.#family !== UNIX_FAMILY)
      this.scope.runInAsyncScope(() => this.#sink?.failed(error))
    return error
  }

  /**
   * Whether `to` is the peer. A connected UDP socket sends nowhere else. @throws SockError `ERR_SOCK_INVALID_ADDRESS`
   */
  #isPeer(to: Address): boolean {
    const peer = this.#peer
    if (peer === undefined || this.#family === UNIX_FAMILY) return false
    if (formatAddress(to) === formatAddress(peer)) return true
    throw cannotSend(to, `the socket is connected to "${formatAddress(peer)}", and can send only to it`)
  }
}

function tellClosed(port: NativeDatagramPort, slot: number): void {
  port.tellClosed(slot)
}

function check(errno: number, syscall: string, details: Details): void {
  if (errno !== 0) throw systemError(errno, syscall, details)
}

function detailsOf(address: Address | undefined): Details {
  if (address === undefined) return {}
  return address.family === 'unix' ? { path: address.path } : { address: address.host, port: address.port }
}

/** Created once: a full queue is frequent, sending is retried, and a stack would not help. */
const NO_ROOM = systemError(EAGAIN, 'send')
