import type {
  DatagramClientOptions,
  DatagramServerOptions,
  Address,
  DatagramChannel,
  DatagramHandler,
  DatagramServerStats,
  IpAddress,
  IpTarget,
  Server,
} from '@sock/core'
import {
  connectDatagram,
  createDatagramServer,
  datagramClientChecks,
  datagramServerChecks,
  type DatagramPort,
  type DatagramPortSink,
  type DatagramSending,
} from '@sock/core/datagram'
import { checkOptions, ipAddress, parseIpTarget } from '@sock/core/transport'
import { AsyncResource } from 'node:async_hooks'

/** The bound ports by name: a minimal network. */
const ports = new Map<number, MemoryPort>()
let lastPort = 1024

/** The machinery over ports of this process, with nothing of its own. */
export function createMemoryServer(
  handler: DatagramHandler,
  options?: DatagramServerOptions,
): Server<string | IpTarget, IpAddress, DatagramServerStats, DatagramChannel> {
  const settings = checkOptions('createMemoryServer options', options, datagramServerChecks)
  return createDatagramServer<string | IpTarget, IpAddress, number>(
    {
      transport: 'udp',
      parse: (target) => parseIpTarget(target, {}).port,
      open: async (port) => new MemoryPort(port, undefined),
    },
    handler,
    settings,
  )
}

export function connectMemory(
  target: string | IpTarget,
  options?: DatagramClientOptions,
): Promise<DatagramChannel> {
  const settings = checkOptions('connectMemory options', options, datagramClientChecks)
  const peer = ipAddress('127.0.0.1', parseIpTarget(target, {}).port)
  const dial = async (): Promise<DatagramPort> => new MemoryPort(0, peer)
  return connectDatagram({ ...settings, transport: 'udp', dial }, peer)
}

class MemoryPort implements DatagramPort {
  readonly localAddress: IpAddress
  readonly remoteAddress: IpAddress | undefined
  readonly socket = undefined
  readonly maxMessageBytes = 65_507
  /** Delivers in an asynchronous context of its own, not in that of the sender. */
  readonly #context = new AsyncResource('MEMORYPORT')
  #sink: DatagramPortSink | undefined

  constructor(port: number, peer: IpAddress | undefined) {
    this.localAddress = ipAddress('127.0.0.1', port === 0 ? ++lastPort : port)
    this.remoteAddress = peer
    if (ports.has(this.localAddress.port)) throw systemError('EADDRINUSE')
    ports.set(this.localAddress.port, this)
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    const target = to ?? this.remoteAddress
    if (target === undefined || target.family === 'unix' || !('port' in target)) {
      sending.done(systemError('ERR_SOCK_INVALID_ADDRESS'))
      return
    }
    const copy = Buffer.from(data)
    setImmediate(() => {
      const receiver = ports.get(target.port)
      if (receiver !== undefined) receiver.#receive(copy, this.localAddress)
      sending.done(receiver === undefined ? systemError('ECONNREFUSED') : undefined)
    })
  }

  #receive(data: Buffer, from: Address): void {
    const sink = this.#sink
    this.#context.runInAsyncScope(() => sink?.received(data, from, false))
  }

  close(): void {
    if (ports.get(this.localAddress.port) !== this) return
    ports.delete(this.localAddress.port)
    setImmediate(() => this.#sink?.closed())
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
