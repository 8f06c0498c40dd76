import { isDatagram } from '../transports.js'
import type { Load } from '../scenarios/scenario.js'
import { nativeEngine } from '../native.js'
import { connectNativeUdp, connectNativeUnixgram } from './native-datagram.js'
import { connectNodeUdp, connectNodeUnixgram } from './node-datagram.js'
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
export async function connectEndpoint(
  load: Load,
  index: number,
  size: number,
  failed: (error: Error) => void,
): Promise<Endpoint> {
  if (!isDatagram(load.transport)) return connectMessages(load, size, failed)
  const engine = load.generator === 'native' ? nativeEngine : undefined
  if (load.transport === 'udp')
    return engine === undefined ? connectNodeUdp(load, failed) : connectNativeUdp(engine, load, failed)
  return engine === undefined
    ? connectNodeUnixgram(load, index, failed)
    : connectNativeUnixgram(engine, load, index, failed)
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
    send: (message) => void client.write(message),
    async close() {
      client.end()
      await client.closed
    },
  }
  return endpoint
}
