import { isRecord, withCode, wrongType } from '../options/check.js'
import type { Channel, Connection, Datagram, DatagramChannel } from './channel.js'

/** A handler that runs on all transports. Its channel lives until the handler settles. */
export type Handler<Data = unknown> = (channel: Channel<Data>) => void | Promise<void>

/**
 * A function runs once per connection. When it settles, the connection is flushed and closed; when it throws or
 * rejects, the error is reported and the connection is destroyed.
 */
export type StreamFunction<C extends Connection = Connection> = (connection: C) => void | Promise<void>

/**
 * Callbacks, shared by all connections: the fast path. Pass an object with some of them, or an instance of a class that
 * has them as methods. A callback that throws or rejects is treated like a handler that throws. While a promise returned
 * by `data` is pending, further chunks wait (and the connection counts as busy).
 */
export interface StreamCallbacks<C extends Connection = Connection> {
  /** A connection has come. */
  open?(connection: C): void | Promise<void>
  /** A chunk has come. The buffer is yours to keep. Without this callback, input waits for `read()` and the like. */
  data?(connection: C, chunk: Buffer): void | Promise<void>
  /** The peer has ended its side. Without this callback, the connection is flushed and closed then. */
  end?(connection: C): void | Promise<void>
  /** What was written has left, after `writableNeedDrain` was true. */
  drain?(connection: C): void | Promise<void>
  /** The connection is closed: the last callback. `error` says why, if it did not simply end. */
  close?(connection: C, error?: Error): void | Promise<void>
}

/** What serves connections: a function, or an object of callbacks. */
export type StreamHandler<C extends Connection = Connection> = StreamFunction<C> | StreamCallbacks<C>

/**
 * A function runs for the whole socket, whenever a datagram waits and it is not running: it may answer one and return,
 * or loop for ever. When it throws or rejects, the error is reported and the server goes on.
 */
export type DatagramFunction<C extends DatagramChannel = DatagramChannel> = (
  channel: C,
) => void | Promise<void>

/** Where the datagrams of a channel come from: its address type, with `undefined` where a sender may have no name. */
export type SenderOf<C extends DatagramChannel> = C extends {
  /** What tells the sender. */
  receive(): Promise<Datagram<infer S> | null>
}
  ? S
  : never

/**
 * Callbacks: the fast path. Pass an object with some of them, or an instance of a class that has them as methods. While a
 * promise returned by `data` is pending, further datagrams wait, so that `channel.write()` always answers the one at hand.
 * A callback that throws or rejects is reported, and the server goes on.
 */
export interface DatagramCallbacks<C extends DatagramChannel = DatagramChannel> {
  /** The socket is bound. */
  open?(channel: C): void | Promise<void>
  /**
   * A datagram has come from `from`; `undefined` is a sender without a name, which only Unix datagrams have. The buffer is
   * yours to keep. `truncated`: the datagram was cut, since it was larger than a buffer on the way. Without this callback,
   * datagrams wait for `read()` and the like.
   */
  data?(channel: C, data: Buffer, from: SenderOf<C>, truncated: boolean): void | Promise<void>
  /** The socket is closed: the last callback. `error` says why, if it was closed by force. */
  close?(channel: C, error?: Error): void | Promise<void>
}

/** What serves a datagram socket: a function, or an object of callbacks. */
export type DatagramHandler<C extends DatagramChannel = DatagramChannel> =
  DatagramFunction<C> | DatagramCallbacks<C>

/** A handler, checked: exactly one of its two forms. */
export interface CheckedHandler<Run, Callbacks> {
  readonly run: Run | undefined
  readonly callbacks: Callbacks | undefined
}

const STREAM_CALLBACKS = ['open', 'data', 'end', 'drain', 'close']
const DATAGRAM_CALLBACKS = ['open', 'data', 'close']

/** @throws TypeError unless `handler` is a function or an object of known callbacks, at least one */
export function checkStreamHandler(handler: unknown): CheckedHandler<StreamFunction, StreamCallbacks> {
  return checkHandler(handler, STREAM_CALLBACKS)
}

/** @throws TypeError unless `handler` is a function or an object of known callbacks, at least one */
export function checkDatagramHandler(handler: unknown): CheckedHandler<DatagramFunction, DatagramCallbacks> {
  return checkHandler(handler, DATAGRAM_CALLBACKS)
}

function checkHandler<Run, Callbacks>(
  handler: unknown,
  names: readonly string[],
): CheckedHandler<Run, Callbacks> {
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

/** A copy of what an object has itself, or, of an instance of a class, its callbacks: the rest is its own affair. */
function callbacksOf(handler: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  if (!isRoot(Object.getPrototypeOf(handler))) return methodsOf(handler, names)
  for (const key of Object.keys(handler)) {
    if (names.includes(key)) continue
    const error = new TypeError(`Unknown callback "${key}" in handler: known are ${names.join(', ')}`)
    throw withCode(error, 'ERR_INVALID_ARG_VALUE')
  }
  return { ...handler }
}

/** Bound to the instance, which alone has its private fields. */
function methodsOf(instance: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const methods: Record<string, unknown> = {}
  for (const name of names) {
    if (!hasMember(instance, name) || instance[name] === undefined) continue
    const method = instance[name]
    methods[name] = typeof method === 'function' ? (method.bind(instance) as unknown) : method
  }
  return methods
}

/** Whether the object, or a class of it, has a member of this name. A polluted `Object.prototype` adds nothing. */
function hasMember(instance: object, name: string): boolean {
  let owner: unknown = instance
  while (!isRoot(owner)) {
    if (Object.hasOwn(owner as object, name)) return true
    owner = Object.getPrototypeOf(owner)
  }
  return false
}

/** The end of a chain of prototypes: `Object.prototype`, of this realm or another, or nothing. */
function isRoot(prototype: unknown): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
