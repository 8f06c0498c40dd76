import type { DatagramChannel, DatagramHandler, UnixAddress } from '@sock/core'

/**
 * A Unix datagram socket. A sender has an address only if it is bound to a name.
 *
 * @typeParam Data the type of `data`, which your program sets
 */
export interface UnixgramChannel<Data = unknown> extends DatagramChannel<Data, UnixAddress | undefined> {}

/** The handler of a Unix datagram server: a function, or an object of callbacks. */
export type UnixgramHandler<Data = unknown> = DatagramHandler<UnixgramChannel<Data>>
