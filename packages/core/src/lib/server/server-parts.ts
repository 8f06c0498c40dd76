import type { Address } from '../address/address.js'
import type { Channel, Transport } from '../channel/channel.js'
import type { SockError } from '../errors/errors.js'
import type { Drain } from './drain.js'
import type { CloseReason } from './server.js'

/** A bound socket that lets peers in. */
export interface Listener<Addr extends Address = Address> {
  /** What is really bound, with the port that the system chose. */
  readonly address: Addr
  /** Take no new peers or input, but hand over what the system has accepted already; resolves when none is left. */
  drain(): Promise<void>
  /** Close now; resolves when the descriptor is closed and everything the listener made is gone. Never rejects. */
  close(): Promise<void>
  /** Keep the process alive until it is closed, as it does from the beginning. Harmless when closed. */
  readonly ref?: (() => void) | undefined
  /** Do not keep the process alive. Left out where that is not possible: `unref()` of the server is an error then. */
  readonly unref?: (() => void) | undefined
}

/** What a server is made of. */
export interface ServerParts<Target, Addr extends Address, Endpoint, Stats, C extends Channel> {
  readonly transport: Transport
  readonly secure: boolean
  readonly shutdownTimeout: number
  readonly connections: ServerConnections<Stats, C>
  /** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` and the like */
  parse(target: Target): Endpoint
  /**
   * Opens a listener that adds to the connections. Rejects with the system's error or the signal's reason, and leaves nothing
   * then. What takes long, as looking up a name does, must not keep it from hearing the signal.
   */
  open(endpoint: Endpoint, signal: AbortSignal): Promise<Listener<Addr>>
}

/** What a server has open: its connections, or its one datagram socket. */
export interface ServerConnections<Stats, C extends Channel> {
  /** Whether anybody observes them: the one comparison it costs when nobody does. */
  observed: boolean
  readonly openCount: number
  /** Those that are open now. */
  open(): C[]
  stats(): Stats
  /** Ends what is idle from now on, newcomers included, and tells `drain` how each member ended. */
  startDraining(drain: Drain): void
  stopDraining(): void
  /** Fires the `signal` of every member. */
  stop(reason: SockError): void
  /** Destroys everything. @returns how much that was */
  destroyAll(reason: CloseReason, error: Error): number
  /** Resolves when nothing is left, no handler that works either. */
  whenEmpty(): Promise<void>
}
