// The clients of the load generator. The native engine moves their bytes: Node's sockets cost more CPU time than some servers.
import type { DatagramPort } from '@sock/core/datagram'
import { createNodePort, type StreamPort } from '@sock/core/stream'
import { ipAddress, unixAddress } from '@sock/core/transport'
import { engine } from '@sock/native'
import { isStream } from '@sock/tools/transports'
import type { UdpSettings } from '@sock/udp'
import { once } from 'node:events'
import { connect } from 'node:tls'
import type { Load } from './scenarios/load.js'

/** A client of any transport. */
export interface Client {
  /** Called with each chunk or datagram, which is valid only during the call. */
  onData: (data: Buffer) => void
  /** Called when more may be written. */
  onDrain: () => void
  /** The caller must not change the bytes until they are answered. @returns whether to go on; if not, wait for `onDrain` */
  write(data: Buffer): boolean
  /** Closes in good order, after everything written. */
  end(): void
  /** Closes by RST, if the transport has one. */
  reset(): void
  /** Resolves when either side has closed. */
  readonly closed: Promise<void>
}

const OPTIONS = { highWaterMark: 64 * 1024, noDelay: true }
/** The system's values of everything. */
const UDP_SETTINGS = { broadcast: false, multicast: [] as const } as Partial<UdpSettings> as UdpSettings

export async function connectClient(load: Load): Promise<Client> {
  const client = isStream(load.transport)
    ? overStream(await openStream(load), load)
    : overDatagrams(await openDatagrams(load), load)
  load.clients.add(client)
  void client.closed.then(() => load.clients.delete(client))
  return client
}

export async function closeAll(clients: readonly Client[], how: 'end' | 'reset' = 'end'): Promise<void> {
  for (const client of clients) client[how]()
  await Promise.all(clients.map(({ closed }) => closed))
}

/** Calls `onMessage` with each message of `size` bytes, which is valid only during the call. */
export function onMessages(client: Client, size: number, onMessage: (message: Buffer) => void): void {
  const partial = Buffer.alloc(size)
  let got = 0
  client.onData = (data) => {
    if (got === 0 && data.length === size) return onMessage(data)
    for (let from = 0; from < data.length;) {
      const taken = data.copy(partial, got, from)
      from += taken
      got += taken
      if (got < size) return undefined
      got = 0
      onMessage(partial)
    }
  }
}

async function openStream({ transport, server: { place }, certificate }: Load): Promise<StreamPort> {
  if ('path' in place)
    return engine.connectStream({ kind: 'path', ...place, address: unixAddress(place.path) }, OPTIONS)
  if (transport !== 'tls') return engine.connectStream({ kind: 'ip', ...place }, OPTIONS)
  const tls = { ca: certificate.cert, servername: 'localhost', allowHalfOpen: true }
  const socket = connect({ ...place, ...OPTIONS, ...tls })
  await once(socket, 'secureConnect')
  return createNodePort(socket, { secure: true, canReset: false })
}

async function openDatagrams({ server: { place }, folder }: Load): Promise<DatagramPort> {
  if ('port' in place) {
    const peer = ipAddress(place.host, place.port)
    return engine.openUdp({ host: undefined, port: 0, family: 'udp4', peer }, UDP_SETTINGS)
  }
  const port = engine.openUnixgram()
  port.bind(folder.next())
  port.connect(place.path)
  return port
}

/** Like a socket of Node, the connection ends when the server ends it. */
function overStream(port: StreamPort, { fail }: Load): Client {
  let openHalves = 2
  const closeHalf = (): void => {
    openHalves -= 1
    if (openHalves === 0) port.destroy()
  }
  let close: () => void
  const client: Client = {
    onData: () => undefined,
    onDrain: () => undefined,
    write(data) {
      port.write(data)
      if (port.bufferedBytes < OPTIONS.highWaterMark) return true
      port.requestDrain()
      return false
    },
    end: () => port.shutdownWrite(),
    reset: () => port.reset(),
    closed: new Promise((resolve) => (close = resolve)),
  }
  port.start({
    received: (chunk) => client.onData(chunk),
    ended() {
      port.shutdownWrite()
      closeHalf()
    },
    drained: () => client.onDrain(),
    flushed: closeHalf,
    closed(error) {
      if (error !== undefined) fail(error)
      close()
    },
  })
  return client
}

function overDatagrams(port: DatagramPort, { fail }: Load): Client {
  const waiting: Buffer[] = []
  let close: () => void
  const send = (message: Buffer): void =>
    port.send(message, undefined, {
      done(error?: NodeJS.ErrnoException | null) {
        // The server's queue is full. Nothing is lost: the port reports when there is room.
        if (error?.code === 'EAGAIN') waiting.push(message)
        else if (error !== undefined && error !== null) fail(error)
      },
    })
  const client: Client = {
    onData: () => undefined,
    onDrain: () => undefined,
    write(message) {
      if (waiting.length > 0) waiting.push(message)
      else send(message)
      return true
    },
    end: () => port.close(),
    reset: () => port.close(),
    closed: new Promise((resolve) => (close = resolve)),
  }
  port.start({
    received: (message) => client.onData(message),
    writable() {
      for (const message of waiting.splice(0)) client.write(message)
    },
    failed: fail,
    closed: () => close(),
  })
  return client
}
