import type { DatagramChannel, Transport } from '../channel/channel.js'
import type { CloseReason, ConnectionEvent } from '../server/server.js'

/** The owner of a datagram socket: a server or a client. It knows the socket by its public channel. */
export interface DatagramHost {
  readonly transport: Transport
  readonly maxQueuedBytes: number
  /** Whether channels have observers. */
  readonly observed: boolean
  observe(event: ConnectionEvent): void
  handlerFailed(channel: DatagramChannel, error: Error): void
  /** Reports an error of the socket that concerns no operation in progress. The socket stays open. */
  failed(channel: DatagramChannel, error: Error): void
  /** The file descriptor is closed. */
  closed(channel: DatagramChannel, reason: CloseReason): void
  /** The channel is closed and no part of the handler is running any more. */
  settled(channel: DatagramChannel): void
}
