import type {
  Address,
  Connection,
  ConnectionEvent,
  DatagramChannel,
  DatagramHandler,
  DatagramOptions,
  Server,
  StreamHandler,
  StreamServerOptions,
} from '@sock/core'
import { engine as native } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import type { Certificate } from '@sock/tools/certificate'
import type { DatagramName, StreamName, TransportName } from '@sock/tools/transports'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'

export const ENGINES = ['node', 'native'] as const
export type EngineName = (typeof ENGINES)[number]

export const isAvailable = (engine: EngineName): boolean => engine === 'node' || native.available

/**
 * Where servers of this process listen: an address of its own, where all of 127/8 is this machine (Linux). Otherwise a
 * datagram that another process sends to a server which is gone would arrive at the one that has its port now.
 */
const LOOPBACK =
  process.platform === 'linux'
    ? `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}:0`
    : '127.0.0.1:0'

/** Options that mean the same with each engine. */
type StreamOptions = Omit<StreamServerOptions, 'engine' | 'configure'>
type DatagramLimits = Pick<DatagramOptions, 'maxQueuedBytes'>

export interface DialOptions {
  readonly signal?: AbortSignal
  readonly onState?: (event: ConnectionEvent) => void
}

/** What servers and clients of every transport are made with. TLS is always Node's. */
export class Means {
  /** The certificate of new servers, and those that clients believe. */
  readonly certificates: readonly [Certificate, ...Certificate[]]
  readonly #engine: typeof native | undefined
  readonly #nextPath: () => string

  /** @param nextPath an unused path for a socket */
  constructor(engine: EngineName, certificates: Means['certificates'], nextPath: () => string) {
    this.#engine = engine === 'native' ? native : undefined
    this.certificates = certificates
    this.#nextPath = nextPath
  }

  get authorities(): string[] {
    return this.certificates.map(({ cert }) => cert)
  }

  target(transport: TransportName): string {
    return transport === 'unix' || transport === 'unixgram' ? this.#nextPath() : LOOPBACK
  }

  streamServer(transport: StreamName, handler: StreamHandler, more: StreamOptions): Server {
    const options = { ...more, engine: this.#engine }
    if (transport === 'unix') return createUnixServer(handler, options)
    if (transport === 'tcp') return createTcpServer(handler, options)
    return createTcpServer(handler, { ...more, tls: { ...this.certificates[0] } })
  }

  datagramServer(transport: DatagramName, handler: DatagramHandler, more: DatagramLimits = {}): Server {
    const options = { ...more, engine: this.#engine }
    return transport === 'udp' ? createUdpServer(handler, options) : createUnixgramServer(handler, options)
  }

  dial(transport: StreamName, address: Address, more: DialOptions = {}): Promise<Connection> {
    const options = { ...more, engine: this.#engine }
    if (transport === 'unix') return connectUnix(address as never, options)
    if (transport === 'tcp') return connectTcp(address as never, options)
    return connectTcp(address as never, { ...more, tls: { ca: this.authorities }, serverName: 'localhost' })
  }

  dialDatagram(
    transport: DatagramName,
    address: Address,
    more: DatagramLimits = {},
  ): Promise<DatagramChannel> {
    const options = { ...more, engine: this.#engine }
    return transport === 'udp'
      ? connectUdp(address as never, options)
      : connectUnixgram(address as never, options)
  }
}
