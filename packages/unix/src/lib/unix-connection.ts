import type { Connection, StreamHandler, UnixAddress } from '@sock/core'

/**
 * A connection over a Unix stream socket.
 *
 * @typeParam Data the type of `data`, which your program sets
 */
export interface UnixConnection<Data = unknown> extends Connection<Data, UnixAddress> {}

/** The handler of a Unix stream server: a function, or an object of callbacks. */
export type UnixHandler<Data = unknown> = StreamHandler<UnixConnection<Data>>
