/* What the author of a transport writes, over the doors of core. It is compiled and never run. */
import type {
  DatagramHandler,
  IpAddress,
  Server,
  StreamHandler,
  StreamEngine,
  StreamServer,
  StreamServerOptions,
  UnixAddress,
  UnixTarget,
} from '@sock/core'
import {
  createDatagramServer,
  datagramServerChecks,
  type DatagramBinding,
  type DatagramPort,
  type DatagramPortSink,
  type DatagramSending,
} from '@sock/core/datagram'
import {
  connectStream,
  createStreamServer,
  nodeEngine,
  streamServerChecks,
  type IpEndpoint,
  type StreamBinding,
  type StreamListener,
  type StreamPort,
  type StreamPortSink,
} from '@sock/core/stream'
import {
  check,
  checkOptions,
  createSocketFile,
  ipAddress,
  parseIpTarget,
  parseUnixTarget,
  type Checked,
  type UnixEndpoint,
} from '@sock/core/transport'
import {
  anyTransportConformance,
  createFakeStreamPort,
  registerSuite,
  streamConformance,
  type StreamFixture,
  type Suite,
} from '@sock/testing'
import { describe, it } from 'node:test'

/* oxlint-disable typescript/no-unnecessary-type-parameters -- type parameters are what is tested with here */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const typed = <T extends true>(): T[] => []

const checks = { ...streamServerChecks, level: check.integer(3, 0, 9) }
typed<Same<Checked<typeof checks>['level'], number>>()
typed<Same<Checked<typeof checks>['engine'], StreamEngine<unknown>>>()

export interface Options extends StreamServerOptions {
  level?: number | undefined
}

export function createServer(handler: StreamHandler, options?: Options): StreamServer<string, IpAddress> {
  const settings = checkOptions('createServer options', options, checks)
  const binding: StreamBinding<string, IpAddress, IpEndpoint> = {
    transport: 'tcp',
    secure: false,
    parse: (target) => ({ kind: 'ip', host: undefined, ...parseIpTarget(target, {}) }),
    async open(endpoint, sink) {
      typed<Same<typeof endpoint, IpEndpoint>>()
      const listener = await settings.engine.listenStream(endpoint, settings, sink)
      return listener as StreamListener<IpAddress>
    },
  }
  return createStreamServer(binding, handler, settings)
}

export async function open(target: UnixTarget): Promise<() => void> {
  const endpoint = parseUnixTarget(target)
  typed<Same<typeof endpoint, UnixEndpoint>>()
  const { listener, file } = await createSocketFile(endpoint, async () => ({ close: async () => {} }))
  await listener.close()
  return () => file.remove()
}

export const dial = (port: StreamPort): ReturnType<typeof connectStream> =>
  connectStream({
    transport: 'tcp',
    remote: ipAddress('127.0.0.1', 80),
    highWaterMark: 1,
    maxWriteBuffer: 1,
    idleTimeout: 0,
    readTimeout: 0,
    writeTimeout: 0,
    configure: undefined,
    onState: undefined,
    dial: async () => port,
  })

class Port implements DatagramPort {
  readonly remoteAddress = undefined
  readonly socket = undefined
  readonly maxMessageBytes = 1
  readonly localAddress: UnixAddress
  #sink: DatagramPortSink | undefined
  constructor(localAddress: UnixAddress) {
    this.localAddress = localAddress
  }
  start(sink: DatagramPortSink): void {
    this.#sink = sink
  }
  send(data: Uint8Array, _to: unknown, sending: DatagramSending): void {
    this.#sink?.received(Buffer.from(data), this.localAddress, false)
    sending.done(null)
  }
  close(): void {
    this.#sink?.closed()
  }
}

export function createDatagrams(handler: DatagramHandler): Server<unknown, UnixAddress, object, never> {
  const binding: DatagramBinding<UnixAddress, UnixAddress> = {
    transport: 'unixgram',
    parse: (target) => target,
    open: async (endpoint) => new Port(endpoint),
  }
  const settings = checkOptions('createDatagrams options', {}, datagramServerChecks)
  const server = createDatagramServer(binding, handler, settings)
  // @ts-expect-error -- it takes addresses, and not everything
  return server
}

const fixture = {
  name: 'mine',
  createServer,
  target: () => '127.0.0.1:0',
  connect: () => dial(createFakeStreamPort()),
} satisfies StreamFixture
const suite: Suite = streamConformance(fixture)
registerSuite(suite, { describe, it })
registerSuite(anyTransportConformance(fixture), { describe, it })

export function refused(sink: StreamPortSink): void {
  // @ts-expect-error -- a chunk is a Buffer
  sink.received('text')
  // @ts-expect-error -- a port has more than that
  const port: StreamPort = { start: () => {} }
  // @ts-expect-error -- an engine has a name of its own
  nodeEngine.name = port
  // @ts-expect-error -- a fixture needs a way to connect
  streamConformance({ name: 'mine', createServer, target: () => '127.0.0.1:0' })
  // @ts-expect-error -- options are checked with checks
  checkOptions('options', {}, { level: 5 })
}
