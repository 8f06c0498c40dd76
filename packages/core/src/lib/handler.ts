import { wrongType } from './options.js'
import type { Channel, Connection } from './channel.js'

/** A handler that runs on all transports. Its channel lives until the handler settles. */
export type Handler = (channel: Channel) => void | Promise<void>

/**
 * A function runs once per connection. When it settles, the connection is flushed and closed; when it throws or
 * rejects, the error is reported and the connection is destroyed.
 */
export type ConnectionHandler = (connection: Connection) => void | Promise<void>

/**
 * Callbacks, shared by all connections: the fast path. One that throws or rejects is treated like a handler that
 * throws. While a promise returned by `data` is pending, further chunks wait (and the connection counts as busy).
 */
export interface ConnectionCallbacks {
  /** A connection has come. */
  open?(connection: Connection): void | Promise<void>
  /** A chunk has come. The buffer is yours to keep. Without this callback, input waits for `read()` and the like. */
  data?(connection: Connection, chunk: Buffer): void | Promise<void>
  /** The peer has ended its side. Without this callback, the connection is flushed and closed then. */
  end?(connection: Connection): void | Promise<void>
  /** What was written has left, after `writableNeedDrain` was true. */
  drain?(connection: Connection): void | Promise<void>
  /** The connection is closed: the last callback. `error` says why, if it did not simply end. */
  close?(connection: Connection, error?: Error): void | Promise<void>
}

export type StreamHandler = ConnectionHandler | ConnectionCallbacks

/** A handler, checked: exactly one of its two forms. */
export interface CheckedHandler {
  readonly run: ConnectionHandler | undefined
  readonly callbacks: ConnectionCallbacks | undefined
}

const CALLBACK_NAMES = ['open', 'data', 'end', 'drain', 'close'] as const

/** @throws TypeError unless `handler` is a function or an object of known callbacks, at least one */
export function checkStreamHandler(handler: unknown): CheckedHandler {
  if (typeof handler === 'function') return { run: handler as ConnectionHandler, callbacks: undefined }
  const expected = `a function or an object with callbacks (${CALLBACK_NAMES.join(', ')})`
  if (typeof handler !== 'object' || handler === null) throw wrongType('handler', expected, handler)
  const keys = Object.keys(handler)
  if (keys.length === 0) throw wrongType('handler', expected, handler)
  for (const key of keys) {
    if (!(CALLBACK_NAMES as readonly string[]).includes(key)) {
      throw new TypeError(`Unknown callback "${key}" in handler: known are ${CALLBACK_NAMES.join(', ')}`)
    }
    const callback = (handler as Record<string, unknown>)[key]
    if (typeof callback !== 'function') throw wrongType(`handler.${key}`, 'a function', callback)
  }
  return { run: undefined, callbacks: Object.freeze({ ...handler }) }
}
