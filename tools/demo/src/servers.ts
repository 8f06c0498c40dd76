import type { Channel, Handler, IpAddress, Server } from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import type { Certificate } from './certificate.js'

/** Where to listen. */
export interface Place {
  readonly host: string
  readonly port: number
  readonly tlsPort: number
  readonly udpPort: number
  readonly path: string
  readonly datagramPath: string
  readonly certificate: Certificate
}

/** One server, and two ways to reach it. */
export interface Served {
  readonly name: string
  /** The option that chooses another address. */
  readonly option: string
  /** In bytes. A datagram has a largest size; a stream takes anything. */
  readonly largestMessage: number
  readonly server: Server
  readonly listen: () => Promise<unknown>
  /** A command for the shell that talks to it, once it listens. */
  readonly command: () => string
  /** Connects a client, once it listens. */
  readonly connect: () => Promise<Channel>
}

/** Fits an Ethernet frame: larger datagrams are fragmented, and dropped more easily. */
const UNFRAGMENTED = 1_400
const LARGEST_DATAGRAM = 65_535

/** A server for every transport that this system has: Node cannot open Unix sockets on Windows. */
export function createServers(handler: Handler, place: Place): Served[] {
  const { host, certificate } = place
  const tcp = createTcpServer(handler)
  const tls = createTcpServer(handler, { tls: { key: certificate.key, cert: certificate.cert } })
  const udp = createUdpServer(handler)
  const overIp: Served[] = [
    {
      name: 'tcp',
      option: '--port or --host',
      largestMessage: Infinity,
      server: tcp,
      listen: () => tcp.listen({ host, port: place.port }),
      command: () => `nc ${hostOf(tcp)} ${portOf(tcp)}`,
      connect: () => connectTcp({ host: hostOf(tcp), port: portOf(tcp) }),
    },
    {
      name: 'tls',
      option: '--tls-port or --host',
      largestMessage: Infinity,
      server: tls,
      listen: () => tls.listen({ host, port: place.tlsPort }),
      command: () =>
        `openssl s_client -connect ${bracketed(hostOf(tls))}:${portOf(tls)} -CAfile '${certificate.file}' -verify_return_error -quiet`,
      // One of the certificate's names, since --host may be any.
      connect: () =>
        connectTcp(
          { host: hostOf(tls), port: portOf(tls) },
          { tls: { ca: certificate.cert }, serverName: 'localhost' },
        ),
    },
    {
      name: 'udp',
      option: '--udp-port or --host',
      largestMessage: UNFRAGMENTED,
      server: udp,
      listen: () => udp.listen({ host, port: place.udpPort }),
      command: () => `nc -u ${hostOf(udp)} ${portOf(udp)}`,
      connect: () => connectUdp({ host: hostOf(udp), port: portOf(udp) }),
    },
  ]
  return process.platform === 'win32' ? overIp : [...overIp, ...createUnixServers(handler, place)]
}

function createUnixServers(handler: Handler, { path, datagramPath }: Place): Served[] {
  const unix = createUnixServer(handler)
  const unixgram = createUnixgramServer(handler)
  return [
    {
      name: 'unix',
      option: '--path',
      largestMessage: Infinity,
      server: unix,
      listen: () => unix.listen(path),
      command: () => `socat - 'UNIX-CONNECT:${path}'`,
      connect: () => connectUnix(path),
    },
    {
      name: 'unixgram',
      option: '--datagram-path',
      largestMessage: LARGEST_DATAGRAM,
      server: unixgram,
      listen: () => unixgram.listen(datagramPath),
      // The client needs a name of its own, or the server has nowhere to send the answer.
      command: () => `socat - 'UNIX-SENDTO:${datagramPath},bind=${datagramPath}.client'`,
      connect: () => connectUnixgram(datagramPath),
    },
  ]
}

type IpServer = Pick<Server<never, IpAddress>, 'address'>

const portOf = ({ address }: IpServer): number => address?.port ?? 0
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Where to connect: a server that listens on all addresses is reached by loopback. */
function hostOf({ address }: IpServer): string {
  const host = address?.host ?? ''
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
}
