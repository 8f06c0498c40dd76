import { isDatagram } from '../transports.js'
import type { Load } from '../scenarios/scenario.js'
import { connectUdpEndpoint, connectUnixgramEndpoint } from './datagram.js'
import { connectStream } from './stream.js'

/** One client that sends messages of one size and gets such back, whatever the transport. */
export interface Endpoint {
  /** What to do with a message that has come; it is only valid during the call. */
  onMessage: (message: Buffer) => void
  /** The buffer may be reused once the message is answered. */
  send(message: Buffer): void
  close(): Promise<void>
}

/** @param failed hears of what ends the round */
export function connectEndpoint(
  load: Load,
  index: number,
  size: number,
  failed: (error: Error) => void,
): Promise<Endpoint> {
  if (load.transport === 'udp') return connectUdpEndpoint(load, failed)
  if (load.transport === 'unixgram') return connectUnixgramEndpoint(load, index, failed)
  return connectMessages(load, size, failed)
}

/** How many clients a request/response scenario has. */
export const clientsOf = (load: Load): number => (isDatagram(load.transport) ? 8 : 50)

/** Messages of `size` bytes over a stream. */
async function connectMessages(load: Load, size: number, failed: (error: Error) => void): Promise<Endpoint> {
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
    send: (message) => void client.socket.write(message),
    async close() {
      client.socket.end()
      await client.closed
    },
  }
  return endpoint
}
