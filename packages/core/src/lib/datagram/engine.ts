import { formatAddress, type Address, type IpAddress } from '../address/address.js'
import { SockError } from '../errors/errors.js'
import { wrongType, type Check } from '../options/check.js'
import { object } from '../options/values.js'
import { parseUnixPath, type UnixName } from '../address/unix-target.js'
import type { DatagramPort } from './port.js'

/**
 * What moves datagrams. `node:dgram` and `unix-dgram` are the default; another engine can be given to servers and clients
 * of udp and unixgram as `engine`. One object may be an engine for streams too.
 */
export interface DatagramEngine {
  /** What messages call it. */
  readonly name: string
  /** Whether it can share a port whatever the version of Node is. Default: no. */
  readonly canReusePort?: boolean
  /** Whether clients of Unix datagrams let the system choose an abstract name, instead of making a file. Default false. */
  readonly autobind?: boolean | undefined
  /** Binds a socket, and connects it if there is a peer. Rejects with the system's error, and leaves nothing then. */
  openUdp(bind: UdpBind, settings: UdpSettings): Promise<DatagramPort>
  /** Opens a socket that has no name yet. @throws the system's error */
  openUnixgram(): UnixgramPort
}

/**
 * Where a UDP socket is bound; hosts are addresses in numbers.
 *
 * @internal
 */
export interface UdpBind {
  /** `undefined` for all addresses. */
  readonly host: string | undefined
  /** 0 to 65535; 0 lets the system choose. */
  readonly port: number
  /** What kind of addresses it is for; `udp6` without `ipv6Only` takes both. */
  readonly family: 'udp4' | 'udp6'
  /** Take no IPv4 peers on an IPv6 address. */
  readonly ipv6Only?: boolean
  /** Bind although another socket has the port (SO_REUSEADDR, socket(7)). */
  readonly reuseAddress?: boolean
  /** Share the port with other sockets that ask for it too (SO_REUSEPORT, socket(7)). */
  readonly reusePort?: boolean
  /** Connects the socket to this peer. */
  readonly peer?: IpAddress
}

/**
 * The options of a UDP socket, checked, as users of `@sock/udp` give them; `undefined` leaves what the system has.
 *
 * @internal
 */
export interface UdpSettings {
  /** Bytes (SO_RCVBUF, socket(7)). */
  readonly receiveBufferSize: number | undefined
  /** Bytes (SO_SNDBUF, socket(7)). */
  readonly sendBufferSize: number | undefined
  /** Allow sending to broadcast addresses (SO_BROADCAST, socket(7)). */
  readonly broadcast: boolean
  /** Hops, 1 to 255 (IP_TTL, ip(7)). */
  readonly ttl: number | undefined
  /** Groups to join before anything is received. */
  readonly multicast: readonly UdpGroup[]
  /** Hops, 0 to 255 (IP_MULTICAST_TTL, ip(7)). */
  readonly multicastTtl: number | undefined
  /** Whether this host receives what it sends to a group (IP_MULTICAST_LOOP, ip(7)). */
  readonly multicastLoopback: boolean | undefined
  /** Interface to send multicast from: an address (IPv4), or a scope like `::%eth0` (IPv6). */
  readonly multicastInterface: string | undefined
}

/**
 * A multicast group to join.
 *
 * @internal
 */
export interface UdpGroup {
  /** Its address. */
  readonly group: string
  /** Interface to join on, an address or a scope; the system chooses one if there is none. */
  readonly interface?: string | undefined
}

/**
 * A Unix datagram socket, and what gives it its name and its peer. Both are done at once.
 *
 * @internal
 */
export interface UnixgramPort extends DatagramPort {
  /** @param name as the system calls it: of an abstract one the first byte is NUL. @throws the system's error */
  bind(name: string): void
  /**
   * Makes `name` the peer: from then on nobody else can send to this socket. It may be called again. What is sent to
   * `undefined` goes there, and is answered for before `send` returns.
   *
   * @throws the system's error
   */
  connect(name: string): void
}

/** Checks the option `engine`. */
export const datagramEngine: Check<DatagramEngine | undefined> = (value, name) => {
  const given = object<Partial<DatagramEngine>>()(value, name)
  if (given === undefined) return undefined
  if (typeof given.openUdp === 'function' && typeof given.openUnixgram === 'function')
    return given as DatagramEngine
  throw wrongType(name, 'an engine for datagrams', value)
}

/**
 * Linux caps what it is asked for at net.core.rmem_max or wmem_max (socket(7)).
 *
 * @internal
 * @returns one error for each buffer of which the system gave less than was asked for
 */
export function smallBuffers(settings: UdpSettings, given: { receive: number; send: number }): Error[] {
  const errors: Error[] = []
  const compare = (name: string, asked: number | undefined, bytes: number): void => {
    if (asked === undefined || bytes >= asked) return
    const message = `Asked for a "${name}" of ${asked} bytes, and the system gave ${bytes}`
    errors.push(new SockError('ERR_SOCK_BUFFER_SIZE', message))
  }
  compare('receiveBufferSize', settings.receiveBufferSize, given.receive)
  compare('sendBufferSize', settings.sendBufferSize, given.send)
  return errors
}

/**
 * Where a Unix datagram goes. @throws SockError if that is not an address one can send to
 *
 * @internal
 */
export function unixDestination(to: Address): UnixName {
  if (to.family === 'unix') return parseUnixPath(to)
  throw cannotSend(to, 'not the address of a Unix socket')
}

/**
 * The error for an address that nothing can be sent to.
 *
 * @internal
 */
export function cannotSend(to: Address, why: string, cause?: unknown): SockError {
  const message = `Cannot send to "${formatAddress(to)}": ${why}`
  return new SockError('ERR_SOCK_INVALID_ADDRESS', message, cause === undefined ? {} : { cause })
}
