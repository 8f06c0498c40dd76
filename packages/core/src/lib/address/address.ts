/** Where a TCP or UDP socket is. */
export interface IpAddress {
  /** What kind of address `host` is. An IPv4 peer of an IPv6 socket is `ipv4`. */
  readonly family: 'ipv4' | 'ipv6'
  /** In numbers, without brackets; with its zone if it has one: `127.0.0.1`, `::1`, `fe80::1%eth0`. */
  readonly host: string
  /** 0 to 65535. */
  readonly port: number
  /** The text form: `127.0.0.1:8080`, `[::1]:8080`. */
  toString(): string
}

/** Where a Unix socket is. */
export interface UnixAddress {
  /** Tells it from an {@link IpAddress}. */
  readonly family: 'unix'
  /** A path, or `@name` for a name in Linux's abstract namespace (unix(7)). */
  readonly path: string
  /** The path, or `@name`; empty for a socket without a name. */
  toString(): string
}

/**
 * Where a socket is. A plain object that prints itself: `${address}` is `127.0.0.1:8080`, `[::1]:8080`,
 * `/run/app.sock` or `@name`. It is a valid target for `listen` and `connect*`.
 */
export type Address = IpAddress | UnixAddress

/** `::ffff:1.2.3.4`, as IPv4 peers of a dual-stack socket are called (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * An address of an IP socket. IPv4-mapped IPv6 hosts become the IPv4 hosts they stand for. Only IPv6 hosts have colons:
 * a name, as a client may have dialled, prints without brackets.
 */
export function ipAddress(host: string, port: number): IpAddress {
  // One is made per datagram of another sender: no more is looked at than must be.
  const plain = host.includes(':') ? (MAPPED.exec(host)?.[1] ?? host) : host
  return new Ip(plain.includes(':') ? 'ipv6' : 'ipv4', plain, port)
}

/** An address of a Unix socket; abstract names are written `@name`. */
export function unixAddress(path: string): UnixAddress {
  return new Unix(path)
}

/** The text form of an address, which `listen` and `connect*` understand. */
export function formatAddress(address: Address): string {
  if (address.family === 'unix') return address.path
  return address.family === 'ipv6' ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

class Ip implements IpAddress {
  readonly family: 'ipv4' | 'ipv6'
  readonly host: string
  readonly port: number

  constructor(family: 'ipv4' | 'ipv6', host: string, port: number) {
    this.family = family
    this.host = host
    this.port = port
    Object.freeze(this)
  }

  toString(): string {
    return formatAddress(this)
  }
}

class Unix implements UnixAddress {
  readonly family = 'unix'
  readonly path: string

  constructor(path: string) {
    this.path = path
    Object.freeze(this)
  }

  toString(): string {
    return formatAddress(this)
  }
}
