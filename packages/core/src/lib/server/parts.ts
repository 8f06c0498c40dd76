import type { Address } from '../address/address.js'
import type { Channel, Transport } from '../channel/channel.js'
import type { SockError } from '../errors/errors.js'
import type { DescribeForced, Shutdown } from './shutdown.js'
import type { CloseReason } from './server.js'

/** A bound socket that accepts peers. */
export interface Listener<Addr extends Address = Address> {
  /** The address that is bound, with the port that the system chose. */
  readonly address: Addr
  /** Closes now; resolves when the file descriptor is closed and all resources are released. Never rejects. */
  close(): Promise<void>
  /** Keeps the process alive until it is closed, which is the default. Does nothing once closed. */
  readonly ref?: (() => void) | undefined
  /** Stops keeping the process alive. Missing if the engine cannot do that: `unref()` of the server throws then. */
  readonly unref?: (() => void) | undefined
}

/** A listener that can stop without losing peers. */
export interface GracefulListener<Addr extends Address = Address> extends Listener<Addr> {
  /** Stops accepting, but hands over what the system has accepted already; resolves when none of that is left. */
  closeGracefully(): Promise<void>
}

/** The parts of a server, which its transport supplies. */
export interface ServerParts<Target, Addr extends Address, Endpoint, Stats, C extends Channel> {
  /** What its members are called in messages. */
  readonly noun: 'connection' | 'socket'
  readonly transport: Transport
  readonly secure: boolean
  readonly shutdownTimeout: number
  readonly connections: ServerConnections<Stats, C>
  /** Returns the message of `ERR_SOCK_SHUTDOWN_TIMEOUT`. */
  readonly describeForced: DescribeForced
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and similar codes */
  parse(target: Target): Endpoint
  /**
   * Opens a listener that adds to `connections`. Rejects with the system's error or the signal's reason, and has
   * released everything then. It must react to the signal even during slow work such as a DNS look-up.
   */
  open(endpoint: Endpoint, signal: AbortSignal): Promise<GracefulListener<Addr>>
}

/** What a server has open: its connections, or its only datagram socket. */
export interface ServerConnections<Stats, C extends Channel> {
  /** Whether the `connection` event has observers. Without any, events cost this one comparison. */
  observed: boolean
  readonly openCount: number
  /** Returns the members that are open now. */
  open(): C[]
  stats(): Stats
  /** Ends idle members from now on, new ones included, and tells `shutdown` how each member ended. */
  beginShutdown(shutdown: Shutdown): void
  endShutdown(): void
  /** Fires the `signal` of every member. */
  stop(reason: SockError): void
  /** Destroys all members. @returns how many there were */
  destroyAll(reason: CloseReason, error: Error): number
  /** Resolves when no member is left and no handler is running. */
  whenEmpty(): Promise<void>
}
