import { formatAddress, type Address, type IpAddress } from '@sock/core'
import { cannotSend, type DatagramPortSink, type DatagramSending } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'
import type { Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { kernelDrops } from './kernel-drops.js'
import { KnownSenders } from './known-senders.js'
import type { UdpPort } from './udp-engine.js'

/** The 65,535 bytes of an IPv4 packet less its header of 20 and UDP's of 8 (udp(7)). */
const MAX_MESSAGE_IPV4 = 65_507
/** In IPv6 the length of up to 65,535 excludes the IP header (RFC 8200 §3). */
const MAX_MESSAGE_IPV6 = 65_527
/** Linux reports twice the buffer size that it granted (socket(7)). */
const TOLD = process.platform === 'linux' ? 2 : 1

const IPV4_ONLY = 'the socket is bound to IPv4. Bind the server to an IPv6 address'

/**
 * Returns a port over a bound `dgram.Socket`.
 *
 * @param warnings errors to report once the port has started
 */
export function createUdpPort(
  socket: Socket,
  family: 'udp4' | 'udp6',
  peer: IpAddress | undefined,
  warnings: readonly Error[],
): UdpPort<Socket> {
  return new NodeUdpPort(socket, family, peer, warnings)
}

class NodeUdpPort implements UdpPort<Socket> {
  readonly socket: Socket
  readonly localAddress: Address
  readonly remoteAddress: Address | undefined
  readonly maxMessageBytes: number
  readonly #family: 'udp4' | 'udp6'
  readonly #warnings: readonly Error[]
  #isClosed = false
  #sink: DatagramPortSink | undefined
  #lastDrops = 0
  readonly #senders = new KnownSenders()

  constructor(
    socket: Socket,
    family: 'udp4' | 'udp6',
    peer: IpAddress | undefined,
    warnings: readonly Error[],
  ) {
    const { address, port } = socket.address()
    this.socket = socket
    this.localAddress = ipAddress(address, port)
    this.remoteAddress = peer
    this.maxMessageBytes =
      (peer?.family ?? family) === 'ipv4' || family === 'udp4' ? MAX_MESSAGE_IPV4 : MAX_MESSAGE_IPV6
    this.#family = family
    this.#warnings = warnings
    // Errors of a socket that is closed or not yet started need a listener too.
    socket.on('error', (error) => this.#sink?.failed(error))
    socket.on('close', () => this.#sink?.closed())
  }

  get receiveBufferSize(): number {
    return this.socket.getRecvBufferSize() / TOLD
  }
  get sendBufferSize(): number {
    return this.socket.getSendBufferSize() / TOLD
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
    this.socket.on('message', (data, { address, port }) => {
      sink.received(data, this.#senders.address(address, port), false)
    })
    for (const warning of this.#warnings) queueMicrotask(() => sink.failed(warning))
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    try {
      if (to === undefined || this.#isPeer(to)) this.#sendToPeer(data, sending)
      else this.socket.send(data, (to as IpAddress).port, this.#hostOf(to), (error) => sending.done(error))
    } catch (error) {
      const isBadPort = (error as NodeJS.ErrnoException).code === 'ERR_SOCKET_BAD_PORT'
      sending.done(isBadPort ? cannotSend(to as Address, (error as Error).message, error) : (error as Error))
    }
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  kernelDrops(): number {
    // After the socket is closed, the last number read is the best there is.
    return (this.#lastDrops = kernelDrops(this.socket, this.#family) ?? this.#lastDrops)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // The counters of a server outlive its socket.
    if (this.remoteAddress === undefined) this.kernelDrops()
    this.socket.close()
  }

  /**
   * Whether `to` is the peer. Node's connected sockets cannot send elsewhere. @throws SockError
   * `ERR_SOCK_INVALID_ADDRESS`
   */
  #isPeer(to: Address): boolean {
    const peer = this.remoteAddress
    if (peer === undefined) return false
    if (formatAddress(to) === formatAddress(peer)) return true
    throw cannotSend(to, `the socket is connected to "${formatAddress(peer)}", and can send only to it`)
  }

  /**
   * Sends to the peer. The system may report the failure of an earlier datagram with a later send instead of a
   * receive. The error belongs to the earlier datagram all the same, so a waiting read gets it too.
   */
  #sendToPeer(data: Uint8Array, sending: DatagramSending): void {
    this.socket.send(data, (error) => {
      if (error !== null && (error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
        this.#sink?.failed(error)
      sending.done(error)
    })
  }

  /**
   * Returns the host in the form that Node needs. Host names are refused: a look-up per datagram would be a hidden
   * delay, and a way to keep a server busy.
   *
   * @throws SockError `ERR_SOCK_INVALID_ADDRESS`
   */
  #hostOf(to: Address): string {
    if (to.family === 'unix') throw cannotSend(to, 'it is not an IP address')
    const known = this.#senders.host(to)
    if (known !== undefined) return known
    const version = isIP(to.host)
    if (version === 0) throw cannotSend(to, 'it is not an IP address')
    if (this.#family === 'udp4' && version === 6) throw cannotSend(to, IPV4_ONLY)
    const isMapped = this.#family === 'udp6' && version === 4
    return isMapped ? `::ffff:${to.host}` : to.host
  }
}
