import { rejected } from '../async/deferred.js'
import type { ReadOptions } from '../channel/channel.js'
import { ReadLimit } from '../channel/read-limit.js'
import { SockError } from '../errors/errors.js'
import type { ConnectionState } from '../server/server.js'
import type { ConnectionCallbacks } from './connection-callbacks.js'
import type { ConnectionExtras } from './connection-extras.js'
import { ChunkIterator, type Inbox } from './inbox.js'

/**
 * The input of a connection: only the functions of this file change `input` and `bytesRead`. They are no object of their
 * own, since one more per connection costs more memory than the fields (decision 25).
 */
export interface InputOwner {
  /** `shut`: we do not want more; `ended`: the peer has no more. */
  input: 'open' | 'shut' | 'ended'
  bytesRead: number
  /** Input for whoever reads; absent when it goes to a `data` callback. */
  readonly inbox: Inbox | undefined
  readonly callbacks: ConnectionCallbacks | undefined
  /** Destroyed or closed. */
  readonly isGone: boolean
  readonly extras: ConnectionExtras | undefined
  /** Tells observers, if there are any: they may do anything to the connection meanwhile. */
  observe(state: ConnectionState): void
}

/** Bytes have come from the peer. */
export function receive(owner: InputOwner, chunk: Buffer): void {
  // A TLS socket may still deliver what it has decrypted before; who keeps counts has taken this one's already.
  if (owner.isGone) return
  owner.bytesRead += chunk.length
  if (owner.input !== 'open') return
  owner.observe('read')
  if (owner.input !== 'open' || owner.isGone) return
  if (owner.inbox !== undefined) owner.inbox.push(chunk)
  else owner.callbacks?.chunk(chunk)
}

/** The peer's FIN has come. */
export function endInput(owner: InputOwner): void {
  const wasOpen = owner.input === 'open'
  owner.input = 'ended'
  if (wasOpen) owner.observe('closeRead')
  if (owner.isGone) return
  owner.inbox?.finish()
  owner.callbacks?.end()
}

/** From now on what comes is discarded. */
export function shutInput(owner: InputOwner): void {
  dropInput(owner)
  owner.inbox?.finish()
  if (owner.input !== 'open' || owner.isGone) return
  owner.input = 'shut'
  owner.observe('closeRead')
}

/** Drops what waits for the handler. */
export function dropInput(owner: InputOwner): void {
  owner.inbox?.clear()
  owner.callbacks?.clear()
}

/** See `read()` of `Channel`. */
export function readInput(owner: InputOwner, options?: ReadOptions): Promise<Buffer | null> {
  try {
    const readLimit = options === undefined ? undefined : new ReadLimit(options)
    return takeInput(owner, 'read').read(readLimit)
  } catch (error) {
    return rejected(error)
  }
}

/** For `for await`. */
export function iterateInput(owner: InputOwner): AsyncIterator<Buffer, undefined> {
  return new ChunkIterator(() => shutInput(owner), takeInput(owner, 'read'))
}

/**
 * The input for one who reads, which a `data` callback or a stream exclude.
 *
 * @throws SockError `ERR_SOCK_INVALID_STATE`
 */
export function takeInput(owner: InputOwner, action: string): Inbox {
  const { inbox } = owner
  if (inbox === undefined || owner.extras?.stream !== undefined) {
    const taker = inbox === undefined ? 'the "data" callback' : 'the stream'
    throw new SockError('ERR_SOCK_INVALID_STATE', `Cannot ${action}: input goes to ${taker}`)
  }
  owner.callbacks?.readerCame()
  return inbox
}

/** Whether the peer may send, and we take it: when too much waits for the handler, the rest is left with the peer. */
export function awaitsInput(owner: InputOwner): boolean {
  const isFull = owner.inbox?.isFull ?? owner.callbacks?.isFull ?? false
  return owner.input === 'open' && !owner.isGone && !isFull
}
