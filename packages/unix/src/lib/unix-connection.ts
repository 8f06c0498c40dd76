import type { Connection, StreamHandler, UnixAddress } from '@sock/core'

/**
 * A connection over a Unix stream socket.
 *
 * @typeParam Data what your program keeps in `data`
 */
export interface UnixConnection<Data = unknown> extends Connection<Data, UnixAddress> {}

/** What serves Unix connections: a function, or an object of callbacks. */
export type UnixHandler<Data = unknown> = StreamHandler<UnixConnection<Data>>
