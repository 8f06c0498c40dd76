import type { DatagramChannel, DatagramHandler, UnixAddress } from '@sock/core'

/**
 * A Unix datagram socket. A sender has an address only if it was bound to one.
 *
 * @typeParam Data what your program keeps in `data`
 */
export interface UnixgramChannel<Data = unknown> extends DatagramChannel<Data, UnixAddress | undefined> {}

/** What serves a Unix datagram socket: a function, or an object of callbacks. */
export type UnixgramHandler<Data = unknown> = DatagramHandler<UnixgramChannel<Data>>
