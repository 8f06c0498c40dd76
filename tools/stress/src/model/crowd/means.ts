import type {
  Address,
  Connection,
  ConnectionEvent,
  DatagramChannel,
  DatagramHandler,
  StreamHandler,
  Server,
} from '@sock/core'
import { engine as native } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import { generate } from 'selfsigned'
import type { Folder } from '../folder.js'
import { LOOPBACK } from '../loopback.js'
import type { Program, ServerSpec } from './program.js'

/** What servers and clients of one program are made with. */
export class Means {
  readonly certificate: { readonly cert: string; readonly key: string }
  readonly #engine: typeof native | undefined
  readonly #folder: Folder

  constructor(engine: Program['engine'], certificate: Means['certificate'], folder: Folder) {
    this.#engine = engine === 'native' ? native : undefined
    this.certificate = certificate
    this.#folder = folder
  }

  target({ transport }: ServerSpec): string {
    return transport === 'unix' || transport === 'unixgram' ? this.#folder.next() : LOOPBACK
  }

  streamServer({ transport, highWaterMark }: ServerSpec, handler: StreamHandler): Server {
    const options = { highWaterMark, drainIdle: 0, engine: this.#engine }
    if (transport === 'unix') return createUnixServer(handler, options)
    if (transport === 'tcp') return createTcpServer(handler, options)
    return createTcpServer(handler, { ...options, engine: undefined, tls: { ...this.certificate } })
  }

  datagramServer({ transport }: ServerSpec, handler: DatagramHandler): Server {
    const options = { engine: this.#engine }
    return transport === 'udp' ? createUdpServer(handler, options) : createUnixgramServer(handler, options)
  }

  dial(
    { transport }: ServerSpec,
    address: Address,
    onState: (event: ConnectionEvent) => void,
  ): Promise<Connection> {
    if (transport === 'unix') return connectUnix(address as never, { engine: this.#engine, onState })
    if (transport === 'tcp') return connectTcp(address as never, { engine: this.#engine, onState })
    return connectTcp(address as never, {
      onState,
      tls: { ca: this.certificate.cert },
      serverName: 'localhost',
    })
  }

  dialDatagram({ transport }: ServerSpec, address: Address): Promise<DatagramChannel> {
    const options = { engine: this.#engine, maxQueuedBytes: 4 * 2 ** 20 }
    return transport === 'udp'
      ? connectUdp(address as never, options)
      : connectUnixgram(address as never, options)
  }

  dialByName(which: number, target: string, signal: AbortSignal): Promise<unknown> {
    const options = { engine: this.#engine, signal }
    return which % 2 === 0 ? connectTcp(target, options) : connectUdp(target, options)
  }

  serverByName(which: number): Server {
    const options = { engine: this.#engine }
    const handler = { data: () => {} }
    return which % 2 === 0 ? createTcpServer(handler, options) : createUdpServer(handler, options)
  }
}

/** Elliptic curves, since a handshake with RSA takes several times as long. */
export async function createCertificate(): Promise<Means['certificate']> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
  })
  return { cert, key }
}
