import type { DatagramPort } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'
import { isStream } from '@sock/tools/transports'
import type { UdpSettings } from '@sock/udp'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nativeEngine } from '../modules.js'
import type { Load } from '../scenarios/scenario.js'
import { connectStream } from './streams.js'

/** A client of any transport that sends and receives messages of one size. */
export interface Endpoint {
  /** Called with each message, which is valid only during the call. */
  onMessage: (message: Buffer) => void
  /** Sends a message. The caller may reuse the buffer after the answer. */
  send(message: Buffer): void
  close(): Promise<void>
}

type Failed = (error: Error) => void

/** @param failed is called with an error that ends the round */
export async function connectEndpoint(
  load: Load,
  index: number,
  size: number,
  failed: Failed,
): Promise<Endpoint> {
  const { transport, place, folder } = load
  if (isStream(transport)) return connectMessages(load, size, failed)
  if (nativeEngine === undefined) throw new Error('the load of datagrams needs the native engine')
  if ('port' in place) {
    const peer = ipAddress(place.host, place.port)
    const bind = { host: undefined, port: 0, family: 'udp4', peer } as const
    return overPort(await nativeEngine.openUdp(bind, SETTINGS), failed)
  }
  const own = join(folder, `client-${index}`)
  const port = nativeEngine.openUnixgram()
  port.bind(own)
  port.connect(place.path)
  return overPort(port, failed, own)
}

/** The number of clients of a request/response scenario. */
export const clientsOf = ({ transport }: Load): number => (isStream(transport) ? 50 : 8)

/** Connects a client that sends messages of `size` bytes over a stream. */
async function connectMessages(load: Load, size: number, failed: Failed): Promise<Endpoint> {
  const partial = Buffer.alloc(size)
  let got = 0
  const onChunk = (chunk: Buffer): void => {
    if (got === 0 && chunk.length === size) {
      endpoint.onMessage(chunk)
      return
    }
    for (let from = 0; from < chunk.length;) {
      const taken = chunk.copy(partial, got, from)
      from += taken
      got += taken
      if (got < size) return
      got = 0
      endpoint.onMessage(partial)
    }
  }
  const client = await connectStream(load, onChunk, failed)
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => void client.write(message),
    async close() {
      client.end()
      await client.closed
    },
  }
  return endpoint
}

const SETTINGS: UdpSettings = {
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
  broadcast: false,
  ttl: undefined,
  multicast: [],
  multicastTtl: undefined,
  multicastLoopback: undefined,
  multicastInterface: undefined,
}

/** A datagram client. @param own the file of its socket */
function overPort(port: DatagramPort, failed: Failed, own?: string): Endpoint {
  const waiting: Buffer[] = []
  let close: () => void
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const send = (message: Buffer): void =>
    port.send(message, undefined, {
      done(error?: NodeJS.ErrnoException | null) {
        // The server's queue is full. Nothing is lost: the port reports when there is room.
        if (error?.code === 'EAGAIN') waiting.push(message)
        else if (error !== undefined && error !== null) failed(error)
      },
    })
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => (waiting.length > 0 ? void waiting.push(message) : send(message)),
    async close() {
      port.close()
      await closed
      if (own !== undefined) await rm(own, { force: true })
    },
  }
  port.start({
    received: (message) => endpoint.onMessage(message),
    writable() {
      for (const message of waiting.splice(0)) endpoint.send(message)
    },
    failed,
    closed: () => close(),
  })
  return endpoint
}
