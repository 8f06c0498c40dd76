import { rejected } from '../async/deferred.js'
import type { ReadOptions } from '../channel/channel.js'
import type { InputTurn } from '../channel/input-user.js'
import { ReadLimit } from '../channel/read-limit.js'
import { SockError } from '../errors/errors.js'
import type { ConnectionState } from '../server/server.js'
import type { ConnectionCallbacks } from './connection-callbacks.js'
import type { ConnectionExtras } from './connection-extras.js'
import { ChunkIterator, type Inbox } from './inbox.js'

/**
 * The input of a connection. Only the functions of this file change `input` and `bytesRead`. They are functions over
 * the connection's own fields, since another object per connection would cost memory (decision 25).
 */
export interface InputOwner {
  /** `shut`: this side reads no more; `ended`: the peer sends no more. */
  input: 'open' | 'shut' | 'ended'
  bytesRead: number
  /** Input for `read()` and similar; missing when it goes to a `data` callback. */
  readonly inbox: Inbox | undefined
  readonly callbacks: ConnectionCallbacks | undefined
  /** Destroyed or closed. */
  readonly isGone: boolean
  readonly extras: ConnectionExtras | undefined
  /** Informs observers, if there are any. They may do anything to the connection meanwhile. */
  observe(state: ConnectionState): void
}

/** Handles bytes from the peer. */
export function receive(owner: InputOwner, chunk: Buffer): void {
  // A TLS socket may still deliver data that it decrypted earlier. The server has taken the counters of this
  // connection already.
  if (owner.isGone) return
  owner.bytesRead += chunk.length
  if (owner.input !== 'open') return
  owner.observe('read')
  if (owner.input !== 'open' || owner.isGone) return
  if (owner.inbox !== undefined) owner.inbox.push(chunk)
  else owner.callbacks?.chunk(chunk)
}

/** Handles the peer's FIN. */
export function endInput(owner: InputOwner): void {
  const wasOpen = owner.input === 'open'
  owner.input = 'ended'
  if (wasOpen) owner.observe('closeRead')
  if (owner.isGone) return
  owner.inbox?.finish()
  owner.callbacks?.end()
}

/** Discards all input from now on. */
export function shutInput(owner: InputOwner): void {
  dropInput(owner)
  owner.inbox?.finish()
  if (owner.input !== 'open' || owner.isGone) return
  owner.input = 'shut'
  owner.observe('closeRead')
}

/** Drops input that is queued for the handler. */
function dropInput(owner: InputOwner): void {
  owner.inbox?.clear()
  owner.callbacks?.clear()
  owner.extras?.inputUser?.inputDropped?.()
}

/** Implements `read()` of `Channel`. */
export function readInput(owner: InputOwner, options?: ReadOptions): Promise<Buffer | null> {
  try {
    const readLimit = options === undefined ? undefined : new ReadLimit(options)
    return takeInput(owner, 'read').read(readLimit)
  } catch (error) {
    return rejected(error)
  }
}

/** Implements `for await` of `connection`. */
export function iterateInput(
  owner: InputOwner,
  connection: { closeRead(): void },
): AsyncIterator<Buffer, undefined> {
  return new ChunkIterator(connection, takeInput(owner, 'read'))
}

/**
 * Returns the inbox for a reader, which excludes a `data` callback and a stream.
 *
 * @throws SockError `ERR_SOCK_INVALID_STATE`
 */
export function takeInput(owner: InputOwner, action: string): Inbox {
  const { inbox } = owner
  if (inbox === undefined || owner.extras?.stream !== undefined) {
    const taker = inbox === undefined ? 'the "data" callback' : 'the stream'
    throw new SockError(
      'ERR_SOCK_INVALID_STATE',
      `Cannot ${action}: the input goes to ${taker}. Read it there`,
    )
  }
  owner.callbacks?.readerCame()
  return inbox
}

/** Returns whose turn it is: see `turnOf()` of the connection. */
export function inputTurn(owner: InputOwner): InputTurn {
  if (owner.input !== 'open' || owner.isGone) return 'nobody'
  return (owner.inbox?.isEmpty ?? true) ? 'peer' : 'program'
}

/** Whether the peer may send and this side reads. Not while a full queue pauses reading. */
export function awaitsInput(owner: InputOwner): boolean {
  const isFull = owner.inbox?.isFull ?? owner.callbacks?.isFull ?? false
  return owner.input === 'open' && !owner.isGone && !isFull
}
