/** The address of a TCP or UDP socket. */
export interface IpAddress {
  /** The family of `host`. An IPv4 peer of an IPv6 socket is `ipv4`. */
  readonly family: 'ipv4' | 'ipv6'
  /** The IP address, without brackets, with its zone if it has one: `127.0.0.1`, `::1`, `fe80::1%eth0`. */
  readonly host: string
  /** The port, 0 to 65535. */
  readonly port: number
  /** The text form: `127.0.0.1:8080`, `[::1]:8080`. */
  toString(): string
}

/** The address of a Unix socket. */
export interface UnixAddress {
  /** Distinguishes it from an {@link IpAddress}. */
  readonly family: 'unix'
  /** A path, or `@name` for a name in Linux's abstract namespace (unix(7)). */
  readonly path: string
  /** The path, or `@name`; empty for a socket without a name. */
  toString(): string
}

/**
 * The address of a socket: a plain object with a text form. `${address}` is `127.0.0.1:8080`, `[::1]:8080`,
 * `/run/app.sock` or `@name`. It is a valid target for `listen` and `connect*`.
 */
export type Address = IpAddress | UnixAddress

/** `::ffff:1.2.3.4`: the address of an IPv4 peer of a dual-stack socket (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * Returns the address of an IP socket. IPv4-mapped IPv6 hosts become plain IPv4 hosts. Only IPv6 hosts contain
 * colons: a host name, which a client may have dialled, prints without brackets.
 */
export function ipAddress(host: string, port: number): IpAddress {
  // This runs for each datagram of a new sender, so the regular expression is used only for hosts with a colon.
  const mapped = host.includes(':') ? MAPPED.exec(host)?.[1] : undefined
  if (mapped !== undefined) return new Ip('ipv4', mapped, port, true)
  return new Ip(host.includes(':') ? 'ipv6' : 'ipv4', host, port, false)
}

/** Whether the system wrote this IPv4 address as `::ffff:1.2.3.4`, since the socket is one for IPv6. */
export function isMapped(address: IpAddress): boolean {
  return Ip.isMapped(address)
}

/** Returns the address of a Unix socket; abstract names are written `@name`. */
export function unixAddress(path: string): UnixAddress {
  return new Unix(path)
}

/** Returns the text form of an address, which `listen` and `connect*` accept. */
export function formatAddress(address: Address): string {
  if (address.family === 'unix') return address.path
  return address.family === 'ipv6' ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

class Ip implements IpAddress {
  readonly family: 'ipv4' | 'ipv6'
  readonly host: string
  readonly port: number
  readonly #isMapped: boolean

  constructor(family: 'ipv4' | 'ipv6', host: string, port: number, mapped: boolean) {
    this.family = family
    this.host = host
    this.port = port
    this.#isMapped = mapped
    Object.freeze(this)
  }

  /** An address may be an object of the program: a preface may say where its peer is. */
  static isMapped(address: object): boolean {
    return #isMapped in address && address.#isMapped
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
