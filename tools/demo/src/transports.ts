import type { Address, Channel, Handler, IpAddress, Server } from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import type { Certificate } from './certificate.js'
import { forShell, forSocat } from './quote.js'

/** Where to listen, for all transports. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly tlsPort: number
  readonly udpPort: number
  readonly path: string
  readonly datagramPath: string
  readonly certificate: Certificate
}

/** Something to serve on. To add one is to add an entry to {@link transports}. */
export interface Transport {
  readonly name: string
  /** The options that choose its address, for the message when it cannot be had. */
  readonly options: string
  /** In bytes. Datagrams have a largest size; a stream takes anything. */
  readonly largestMessage: number
  /** The address that will be asked for, as text. */
  wanted(place: Place): string
  /** Listens. Rejects with the error of the server's `listen`, and leaves nothing then. */
  start(handler: Handler, place: Place): Promise<Endpoint>
}

/** A server that listens, and two ways to reach it. */
export interface Endpoint {
  readonly server: Server
  readonly address: Address
  /** A line for the shell that talks to it. */
  readonly command: string
  /** Connects a client of ours. */
  connect(signal: AbortSignal): Promise<Channel>
}

const tcp: Transport = {
  name: 'tcp',
  options: '--port or --host',
  largestMessage: Infinity,
  wanted: ({ host, port }) => hostAndPort(host, port),
  async start(handler, { host, port }) {
    const server = createTcpServer(handler)
    const address = await server.listen({ host, port })
    const target = reachable(address)
    return {
      server,
      address,
      command: `nc ${forShell(target.host)} ${target.port}`,
      connect: (signal) => connectTcp(target, { signal }),
    }
  },
}

const tls: Transport = {
  name: 'tls',
  options: '--tls-port or --host',
  largestMessage: Infinity,
  wanted: ({ host, tlsPort }) => hostAndPort(host, tlsPort),
  async start(handler, { host, tlsPort, certificate }) {
    const { key, cert, file } = certificate
    const server = createTcpServer(handler, { tls: { key, cert } })
    const address = await server.listen({ host, port: tlsPort })
    const target = reachable(address)
    const connection = forShell(hostAndPort(target.host, target.port))
    return {
      server,
      address,
      command: `openssl s_client -connect ${connection} -CAfile ${forShell(file)} -verify_return_error -quiet`,
      // One of the certificate's names, since --host may be anything.
      connect: (signal) => connectTcp(target, { signal, tls: { ca: cert }, serverName: 'localhost' }),
    }
  },
}

const unix: Transport = {
  name: 'unix',
  options: '--path',
  largestMessage: Infinity,
  wanted: ({ path }) => path,
  async start(handler, { path }) {
    const server = createUnixServer(handler)
    const address = await server.listen(path)
    return {
      server,
      address,
      command: `socat - ${forShell(socatAddress(path))}`,
      connect: (signal) => connectUnix(address, { signal }),
    }
  },
}

/** Fits an Ethernet frame; and many of them fit the receive buffer, beyond which the system drops what comes. */
const UNFRAGMENTED = 1_400
/** More than the largest message of this program, and less than the system takes. */
const LARGEST_OF_ALL = 65_535

const udp: Transport = {
  name: 'udp',
  options: '--udp-port or --host',
  largestMessage: UNFRAGMENTED,
  wanted: ({ host, udpPort }) => hostAndPort(host, udpPort),
  async start(handler, { host, udpPort }) {
    const server = createUdpServer(handler)
    const address = await server.listen({ host, port: udpPort })
    const target = reachable(address)
    return {
      server,
      address,
      command: `nc -u ${forShell(target.host)} ${target.port}`,
      connect: (signal) => connectUdp(target, { signal }),
    }
  },
}

const unixgram: Transport = {
  name: 'unixgram',
  options: '--datagram-path',
  largestMessage: LARGEST_OF_ALL,
  wanted: ({ datagramPath }) => datagramPath,
  async start(handler, { datagramPath }) {
    const server = createUnixgramServer(handler)
    const address = await server.listen(datagramPath)
    return {
      server,
      address,
      // It needs a name of its own to be answered.
      command: `socat - ${forShell(`UNIX-SENDTO:${forSocat(address.path)},bind=${forSocat(`${address.path}.client`)}`)}`,
      connect: (signal) => connectUnixgram(address, { signal }),
    }
  },
}

/** Every transport there is here: Windows has no Unix sockets that Node could open. */
export const transports: readonly Transport[] =
  process.platform === 'win32' ? [tcp, tls, udp] : [tcp, tls, udp, unix, unixgram]

/** A socket in the file system, or `@name` in Linux's abstract namespace. */
function socatAddress(path: string): string {
  if (!path.startsWith('@')) return `UNIX-CONNECT:${forSocat(path)}`
  // Node 20 fills an abstract name up with NUL bytes, so that it is another one than its exact length says (unix(7)).
  const isPadded = Number.parseInt(process.versions.node) < 22
  return `ABSTRACT-CONNECT:${forSocat(path.slice(1))}${isPadded ? ',unix-tightsocklen=0' : ''}`
}

const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Where to connect to: one that listens on all addresses has none that everybody can connect to. */
function reachable({ host, port }: IpAddress): { host: string; port: number } {
  const loopback: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  return { host: loopback[host] ?? host, port }
}
