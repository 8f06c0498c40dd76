import { isRecord, wrongType, wrongValue } from '../options/check.js'
import { closestWord } from '../options/spelling.js'
import type { Channel, Connection, Datagram, DatagramChannel } from './channel.js'

/** A handler that runs on all transports. Its channel stays open until the handler settles. */
export type Handler<Data = unknown> = (channel: Channel<Data>) => void | Promise<void>

/**
 * A handler function, called once per connection. When it settles, the connection is flushed and closed. When it
 * throws or rejects, the error is reported and the connection is destroyed.
 */
export type StreamFunction<C extends Connection = Connection> = (connection: C) => void | Promise<void>

/**
 * Callbacks that all connections share. This is the fastest form. Pass an object with some of them, or an instance of a class
 * that has them as methods. A callback that throws or rejects is treated like a handler that throws. While a promise
 * returned by `data` is pending, more chunks are queued, and the connection counts as busy.
 */
export interface StreamCallbacks<C extends Connection = Connection> {
  /** Called when a connection is open. */
  open?(connection: C): void | Promise<void>
  /**
   * Called for each chunk. The buffer is yours to keep. Without this callback, input is queued for `read()` and other
   * readers.
   */
  data?(connection: C, chunk: Buffer): void | Promise<void>
  /** Called when the peer has ended its side. Without this callback, the connection is then flushed and closed. */
  end?(connection: C): void | Promise<void>
  /** Called when queued bytes have been sent after `writableNeedDrain` was true. */
  drain?(connection: C): void | Promise<void>
  /** The last callback: the connection is closed. `error` says why, unless it ended in order. */
  close?(connection: C, error?: Error): void | Promise<void>
}

/** The handler of a stream server: a function, or an object of callbacks. */
export type StreamHandler<C extends Connection = Connection> = StreamFunction<C> | StreamCallbacks<C>

/**
 * A handler function for the whole socket, called whenever a datagram is queued and the function is not running. It
 * may answer one datagram and return, or loop until the server closes. When it throws or rejects, the error is reported and the
 * server continues.
 */
export type DatagramFunction<C extends DatagramChannel = DatagramChannel> = (
  channel: C,
) => void | Promise<void>

/** The type of the sender addresses of a channel; it includes `undefined` if a sender may have no name. */
export type SenderOf<C extends DatagramChannel> = C extends {
  /** The method whose result holds the sender's type. */
  receive(): Promise<Datagram<infer S> | null>
}
  ? S
  : never

/**
 * Callbacks, the fastest form. Pass an object with some of them, or an instance of a class that has them as methods.
 * While a promise returned by `data` is pending, more datagrams are queued, so `channel.write()` always answers the
 * current one. If a callback throws or rejects, the error is reported and the server continues.
 */
export interface DatagramCallbacks<C extends DatagramChannel = DatagramChannel> {
  /** Called when the socket is bound. */
  open?(channel: C): void | Promise<void>
  /**
   * Called for each datagram. The buffer is yours to keep. `from` is `undefined` if the sender has no name, which
   * only Unix datagrams allow. `truncated` means that the datagram was cut because it was larger than a receive
   * buffer. Without this callback, datagrams are queued for `read()`, `receive()` and `for await`.
   */
  data?(channel: C, data: Buffer, from: SenderOf<C>, truncated: boolean): void | Promise<void>
  /** The last callback: the socket is closed. `error` says why, if it was closed by force. */
  close?(channel: C, error?: Error): void | Promise<void>
}

/** The handler of a datagram server: a function, or an object of callbacks. */
export type DatagramHandler<C extends DatagramChannel = DatagramChannel> =
  DatagramFunction<C> | DatagramCallbacks<C>

/** A handler after the check: exactly one of its two forms. */
export interface CheckedHandler<Run, Callbacks> {
  /** The function, if it is one. */
  readonly run: Run | undefined
  /** Otherwise a copy of the callbacks. */
  readonly callbacks: Callbacks | undefined
}

const STREAM_CALLBACKS = ['open', 'data', 'end', 'drain', 'close']
const DATAGRAM_CALLBACKS = ['open', 'data', 'close']

/**
 * Checks a stream handler. @throws TypeError unless it is a function or an object with at least one callback, all
 * known
 */
export function checkStreamHandler(handler: unknown): CheckedHandler<StreamFunction, StreamCallbacks> {
  return checkHandler(handler, STREAM_CALLBACKS)
}

/**
 * Checks a datagram handler. @throws TypeError unless it is a function or an object with at least one callback, all
 * known
 */
export function checkDatagramHandler(handler: unknown): CheckedHandler<DatagramFunction, DatagramCallbacks> {
  return checkHandler(handler, DATAGRAM_CALLBACKS)
}

/**
 * Checks a handler. @throws TypeError unless it is a function or an object with at least one callback, all of them
 * among `names`
 */
export function checkHandler<Run, Callbacks>(
  handler: unknown,
  names: readonly string[],
): CheckedHandler<Run, Callbacks> {
  refuseServer(handler)
  if (typeof handler === 'function') return { run: handler as Run, callbacks: undefined }
  const callbacks = isRecord(handler) ? callbacksOf(handler, names) : {}
  if (Object.keys(callbacks).length === 0) {
    throw wrongType('handler', `a function or an object with callbacks (${names.join(', ')})`, handler)
  }
  for (const [name, callback] of Object.entries(callbacks)) {
    if (typeof callback !== 'function') throw wrongType(`handler.${name}`, 'a function', callback)
  }
  return { run: undefined, callbacks: Object.freeze(callbacks) as Callbacks }
}

/**
 * Refuses what listens and emits events itself, such as a server of node:http or an application of Express. It has a method
 * `close` or is a function, but would serve no connection.
 */
function refuseServer(handler: unknown): void {
  const { listen, emit } = Object(handler) as { readonly listen?: unknown; readonly emit?: unknown }
  if (typeof listen !== 'function' || typeof emit !== 'function') return
  const [what, how] =
    typeof handler === 'function'
      ? ['an application', 'serveHttp(createServer(application)), with createServer() of node:http']
      : ['a server', 'serveHttp(server)']
  throw wrongValue(
    `Invalid "handler": expected a function or an object with callbacks, got ${what}. To serve HTTP, pass ${how}. serveHttp() is in @sock/core`,
  )
}

/**
 * Returns a copy of the callbacks. A plain object may have only callbacks; an instance of a class may have other
 * members.
 */
function callbacksOf(handler: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  if (!isRoot(Object.getPrototypeOf(handler))) return methodsOf(handler, names)
  for (const key of Object.keys(handler)) {
    if (names.includes(key)) continue
    const closest = closestWord(key.replace(/^on(?=[A-Z])/, ''), names)
    const question = closest === undefined ? 'the' : `did you mean "${closest}"? The`
    throw wrongValue(
      `Unknown callback "${key}" in handler: ${question} known callbacks are ${names.join(', ')}`,
    )
  }
  return { ...handler }
}

/** Binds the methods to the instance, which they need to reach its private fields. */
function methodsOf(instance: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const methods: Record<string, unknown> = {}
  for (const name of names) {
    if (!hasMember(instance, name) || instance[name] === undefined) continue
    const method = instance[name]
    methods[name] = typeof method === 'function' ? (method.bind(instance) as unknown) : method
  }
  return methods
}

/** Whether the object, or a class of it, has this member. Ignores `Object.prototype`, which may be polluted. */
function hasMember(instance: object, name: string): boolean {
  let owner: unknown = instance
  while (!isRoot(owner)) {
    if (Object.hasOwn(owner as object, name)) return true
    owner = Object.getPrototypeOf(owner)
  }
  return false
}

/** Whether a prototype chain ends here: at `Object.prototype` of any realm, or at `null`. */
function isRoot(prototype: unknown): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
