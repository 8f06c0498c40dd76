import type { DatagramChannel, Transport } from '../channel/channel.js'
import type { CloseReason, ConnectionEvent } from '../server/server.js'

/** What a datagram socket belongs to: a server or a client. It knows the socket by the channel that users have. */
export interface DatagramHost {
  readonly transport: Transport
  readonly maxQueuedBytes: number
  /** Whether anybody observes channels. */
  readonly observed: boolean
  observe(event: ConnectionEvent): void
  handlerFailed(channel: DatagramChannel, error: Error): void
  /** The socket had an error that concerns no operation under way, and goes on. */
  failed(channel: DatagramChannel, error: Error): void
  /** The descriptor is closed. */
  closed(channel: DatagramChannel, reason: CloseReason): void
  /** And nothing of the handler is under way any more. */
  finished(channel: DatagramChannel): void
}
