import type { TlsOptions } from 'node:tls'
import type {
  Address,
  Connection,
  ConnectionEvent,
  DatagramChannel,
  DatagramHandler,
  Server,
  StreamHandler,
  StreamServerOptions,
} from '@sock/core'
import { createEngine, engine as native } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import type { Certificate } from '@sock/tools/certificate'
import type { DatagramName, StreamName, TransportName } from '@sock/tools/transports'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

/** By name. The last one reuses the memory of chunks. */
const BY_NAME = {
  node: undefined,
  native,
  reuse: createEngine({ reuseChunks: true }),
}
export type EngineName = keyof typeof BY_NAME
export const ENGINES = Object.keys(BY_NAME) as EngineName[]

export const isAvailable = (engine: EngineName): boolean => engine === 'node' || native.available

/**
 * The address on which servers of this process listen: on Linux, its own one in 127/8. Otherwise a datagram from another
 * process to a closed server could arrive at a new server with the same port.
 */
const LOOPBACK =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}:0`
    : '127.0.0.1:0'

/** The longest datagrams that are sent and received whole, with the buffers that the system has by default. */
const LARGEST = { udp: 65_507, unixgram: 65_535 }
const LARGEST_NATIVE = { ...LARGEST, unixgram: 200_000 }
/** In bytes: whatever one sequence sends. Datagrams that come beyond this may be dropped. */
const QUEUE = { maxQueuedBytes: 256 * 2 ** 20 }

/** The handshake time-out in ms: a slow machine needs long for many handshakes at once. */
const HANDSHAKE = { handshakeTimeout: 600_000 }

/** Options that mean the same with each engine. */
type Limits = Omit<StreamServerOptions, 'engine' | 'configure'>

export type ServerName = NonNullable<TlsOptions['SNICallback']>

interface DialOptions {
  readonly signal?: AbortSignal
  readonly onState?: (event: ConnectionEvent) => void
}

/** Makes servers and clients of every transport with one engine. TLS always uses Node's. */
export class Means {
  /** Certificates that clients trust. Servers begin with the first. */
  readonly certificates: readonly [Certificate, ...Certificate[]]
  readonly #by: { readonly engine: (typeof BY_NAME)[EngineName] }
  readonly #nextPath: () => string

  /** @param nextPath returns an unused path for a socket */
  constructor(engine: EngineName, certificates: Means['certificates'], nextPath: () => string) {
    this.#by = { engine: BY_NAME[engine] }
    this.certificates = certificates
    this.#nextPath = nextPath
  }

  get authorities(): string[] {
    return this.certificates.map(({ cert }) => cert)
  }

  target(transport: TransportName): string {
    return transport === 'unix' || transport === 'unixgram' ? this.#nextPath() : LOOPBACK
  }

  largest(transport: DatagramName): number {
    return (this.#by.engine === undefined ? LARGEST : LARGEST_NATIVE)[transport]
  }

  /** @param onServerName chooses the context of TLS */
  streamServer(
    transport: StreamName,
    handler: StreamHandler,
    limits: Limits,
    onServerName: ServerName,
  ): Server {
    if (transport === 'unix') return createUnixServer(handler, { ...limits, ...this.#by })
    if (transport === 'tcp') return createTcpServer(handler, { ...limits, ...this.#by })
    return createTcpServer(handler, {
      ...limits,
      ...HANDSHAKE,
      tls: { ...this.certificates[0], SNICallback: onServerName },
    })
  }

  datagramServer(transport: DatagramName, handler: DatagramHandler, configure: () => void): Server {
    return (transport === 'udp' ? createUdpServer : createUnixgramServer)(handler, {
      ...this.#by,
      ...QUEUE,
      configure,
    })
  }

  dial(transport: StreamName, address: Address, options: DialOptions = {}): Promise<Connection> {
    if (transport === 'unix') return connectUnix(address as never, { ...options, ...this.#by })
    if (transport === 'tcp') return connectTcp(address as never, { ...options, ...this.#by })
    const tls = { tls: { ca: this.authorities }, serverName: 'localhost' }
    return connectTcp(address as never, { ...options, ...HANDSHAKE, ...tls })
  }

  dialDatagram(transport: DatagramName, address: Address): Promise<DatagramChannel> {
    const connect = transport === 'udp' ? connectUdp : connectUnixgram
    return connect(address as never, { ...this.#by, ...QUEUE })
  }
}
