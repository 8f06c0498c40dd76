import type { DatagramPort } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'
import { isStream } from '@sock/tools/transports'
import type { UdpSettings } from '@sock/udp'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nativeEngine } from '../modules.js'
import type { Load } from '../scenarios/scenario.js'
import { connectStream } from './streams.js'

/** One client that sends messages of one size and gets such back, whatever the transport. */
export interface Endpoint {
  /** What to do with a message that has come; it is only valid during the call. */
  onMessage: (message: Buffer) => void
  /** The buffer may be reused once the message is answered. */
  send(message: Buffer): void
  close(): Promise<void>
}

type Failed = (error: Error) => void

/** @param failed hears of what ends the round */
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

/** How many clients a request/response scenario has. */
export const clientsOf = ({ transport }: Load): number => (isStream(transport) ? 50 : 8)

/** Messages of `size` bytes over a stream. */
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
        // The server's queue is full: back-pressure, and no loss. The port tells when there is room.
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
