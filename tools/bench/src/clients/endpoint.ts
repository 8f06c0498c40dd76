import type { DatagramPort } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'
import { engine } from '@sock/native'
import { isStream } from '@sock/tools/transports'
import type { UdpSettings } from '@sock/udp'
import { join } from 'node:path'
import type { Load } from '../scenarios/load.js'
import { connectStream } from './streams.js'

/** A client of any transport that sends and receives messages of one size. */
export interface Endpoint {
  /** Called with each message, which is valid only during the call. */
  onMessage: (message: Buffer) => void
  /** Sends a message. The caller may reuse the buffer after the answer. */
  send(message: Buffer): void
  /** Closes in good order. */
  end(): void
  /** Closes by RST, if the transport has one. */
  reset(): void
  /** Resolves when either side has closed. */
  readonly closed: Promise<void>
}

/** After this many ms an answer counts as lost. A datagram may be lost; on a stream, this fails the row. */
export const patienceOf = ({ transport }: Load): number => (isStream(transport) ? 5000 : 250)

/** How many have had a file. */
let clients = 0

export async function connectEndpoint(load: Load, size: number): Promise<Endpoint> {
  const { transport, place, folder } = load
  if (isStream(transport)) return overStream(load, size)
  if (!engine.available) throw new Error('the load of datagrams needs the native engine')
  if ('port' in place) {
    const peer = ipAddress(place.host, place.port)
    const bind = { host: undefined, port: 0, family: 'udp4', peer } as const
    return overPort(await engine.openUdp(bind, SETTINGS), load)
  }
  const port = engine.openUnixgram()
  port.bind(join(folder, `client-${(clients += 1)}`))
  port.connect(place.path)
  return overPort(port, load)
}

export async function closeAll(endpoints: readonly Endpoint[], how: 'end' | 'reset' = 'end'): Promise<void> {
  for (const endpoint of endpoints) endpoint[how]()
  await Promise.all(endpoints.map(({ closed }) => closed))
}

/** Connects a client that sends messages of `size` bytes over a stream. */
async function overStream(load: Load, size: number): Promise<Endpoint> {
  const partial = Buffer.alloc(size)
  let got = 0
  const client = await connectStream(load, (chunk) => {
    if (got === 0 && chunk.length === size) return endpoint.onMessage(chunk)
    for (let from = 0; from < chunk.length;) {
      const taken = chunk.copy(partial, got, from)
      from += taken
      got += taken
      if (got < size) return undefined
      got = 0
      endpoint.onMessage(partial)
    }
  })
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => void client.write(message),
    end: () => client.end(),
    reset: () => client.reset(),
    closed: client.closed,
  }
  void client.closed.then(() => got > 0 && load.fail(new Error(`a client got ${got} bytes too much`)))
  return endpoint
}

/** The system's values of everything. */
const SETTINGS = { broadcast: false, multicast: [] as const } as Partial<UdpSettings> as UdpSettings

/** A datagram client. */
function overPort(port: DatagramPort, { fail }: Load): Endpoint {
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
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => (waiting.length > 0 ? void waiting.push(message) : send(message)),
    end: () => port.close(),
    reset: () => port.close(),
    closed: new Promise<void>((resolve) => {
      close = resolve
    }),
  }
  port.start({
    received: (message) => endpoint.onMessage(message),
    writable() {
      for (const message of waiting.splice(0)) endpoint.send(message)
    },
    failed: fail,
    closed: () => close(),
  })
  return endpoint
}
