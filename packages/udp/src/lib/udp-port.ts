import { SockError, type Address, type IpAddress } from '@sock/core'
import { ipAddress, type DatagramPort, type DatagramPortSink } from '@sock/core/datagram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { kernelDrops } from './kernel-drops.js'

/** 65,535 bytes of an IPv4 packet less its header of 20 and UDP's of 8 (udp(7)). */
const MAX_MESSAGE_IPV4 = 65_507
/** In IPv6 the length of 65,535 does not count the IP header (RFC 8200 §3). */
const MAX_MESSAGE_IPV6 = 65_527

/**
 * A port over a bound `dgram.Socket`.
 *
 * @param warnings what is to be reported once there is somebody to hear it
 */
export function createUdpPort(
  socket: Socket,
  family: 'udp4' | 'udp6',
  peer: IpAddress | undefined,
  warnings: readonly Error[],
): DatagramPort {
  return new UdpPort(socket, family, peer, warnings)
}

class UdpPort implements DatagramPort {
  readonly socket: Socket
  readonly localAddress: Address
  readonly remoteAddress: Address | undefined
  readonly maxMessageBytes: number
  readonly #family: 'udp4' | 'udp6'
  readonly #warnings: readonly Error[]
  #isClosed = false
  #sink: DatagramPortSink | undefined
  #lastDrops = 0
  /** The sender of the last datagram: often the same as of the next one. */
  #lastSender: IpAddress | undefined
  #lastHost = ''

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
    // Errors of a closed or not yet started socket need somebody to hear them, too.
    socket.on('error', (error) => this.#sink?.failed(error))
    socket.on('close', () => this.#sink?.closed())
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
    this.socket.on('message', (data, from) => sink.received(data, this.#sender(from), false))
    for (const warning of this.#warnings) queueMicrotask(() => sink.failed(warning))
  }

  send(data: Uint8Array, to: Address | undefined, done: (error?: Error | null) => void): void {
    try {
      if (to === undefined) this.socket.send(data, done)
      else {
        const { host, port } = this.#destination(to)
        this.socket.send(data, port, host, done)
      }
    } catch (error) {
      done(error as Error)
    }
  }

  kernelDrops(): number {
    // After the socket is closed the last number that was seen is the best there is.
    return (this.#lastDrops = kernelDrops(this.socket, this.#family) ?? this.#lastDrops)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.socket.close()
  }

  /** Names are refused: a look-up per datagram would be a delay, and a way to keep a server busy, that nobody sees. */
  #destination(to: Address): { host: string; port: number } {
    if (to.family === 'unix' || isIP(to.host) === 0) {
      const message = `Cannot send to "${to.family === 'unix' ? to.path : to.host}": not an IP address`
      throw new SockError('ERR_SOCK_INVALID_ADDRESS', message)
    }
    const isMapped = this.#family === 'udp6' && isIP(to.host) === 4
    return { host: isMapped ? `::ffff:${to.host}` : to.host, port: to.port }
  }

  #sender({ address, port }: RemoteInfo): IpAddress {
    if (this.#lastSender?.port !== port || this.#lastHost !== address) {
      this.#lastHost = address
      this.#lastSender = ipAddress(address, port)
    }
    return this.#lastSender
  }
}
