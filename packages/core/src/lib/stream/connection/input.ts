import { rejected } from '../../async/deferred.js'
import type { ReadOptions } from '../../channel/channel.js'
import type { InputTurn } from '../../channel/input-user.js'
import { ReadLimit } from '../../channel/read-limit.js'
import { SockError } from '../../errors/errors.js'
import { ChunkIterator, type ReceiveBuffer } from './receive-buffer.js'
import type { ConnectionRecord } from './record.js'

/** Handles bytes from the peer. */
export function receive(record: ConnectionRecord, chunk: Buffer): void {
  // A TLS socket may still deliver data that it decrypted earlier. The server has taken the counters of this
  // connection already.
  if (record.isGone) return
  record.bytesRead += chunk.length
  if (record.input !== 'open') return
  record.observe('read')
  if (record.input !== 'open' || record.isGone) return
  if (record.receiveBuffer !== undefined) record.receiveBuffer.push(chunk)
  else record.callbacks?.chunk(chunk)
}

/** Handles the peer's FIN. */
export function endInput(record: ConnectionRecord): void {
  const wasOpen = record.input === 'open'
  record.input = 'ended'
  if (wasOpen) record.observe('closeRead')
  if (record.isGone) return
  record.receiveBuffer?.end()
  record.callbacks?.end()
}

/** Discards all input from now on. */
export function closeInput(record: ConnectionRecord): void {
  dropInput(record)
  record.receiveBuffer?.end()
  if (record.input !== 'open' || record.isGone) return
  record.input = 'closed'
  record.observe('closeRead')
}

/** Drops input that is queued for the handler. */
function dropInput(record: ConnectionRecord): void {
  record.receiveBuffer?.clear()
  record.callbacks?.clear()
  record.lazy?.inputUser?.inputDropped?.()
}

/** Implements `read()` of `Channel`. */
export function readInput(record: ConnectionRecord, options?: ReadOptions): Promise<Buffer | null> {
  try {
    const readLimit = options === undefined ? undefined : new ReadLimit(options)
    return takeInput(record, 'read').read(readLimit)
  } catch (error) {
    return rejected(error)
  }
}

/** Implements `for await` of `connection`. */
export function iterateInput(
  record: ConnectionRecord,
  connection: { closeRead(): void },
): AsyncIterator<Buffer, undefined> {
  return new ChunkIterator(connection, takeInput(record, 'read'))
}

/**
 * Returns the receiveBuffer for a reader, which excludes a `data` callback and a stream.
 *
 * @throws SockError `ERR_SOCK_INVALID_STATE`
 */
export function takeInput(record: ConnectionRecord, action: string): ReceiveBuffer {
  const { receiveBuffer } = record
  if (receiveBuffer === undefined || record.lazy?.stream !== undefined) {
    const taker = receiveBuffer === undefined ? 'the "data" callback' : 'the stream'
    throw new SockError(
      'ERR_SOCK_INVALID_STATE',
      `Cannot ${action}: the input goes to ${taker}. Read it there`,
    )
  }
  record.callbacks?.readerCame()
  return receiveBuffer
}

/** Returns whose turn it is: see `turnOf()` of the connection. */
export function inputTurn(record: ConnectionRecord): InputTurn {
  if (record.input !== 'open' || record.isGone) return 'nobody'
  return (record.receiveBuffer?.isEmpty ?? true) ? 'peer' : 'program'
}

/** Whether the peer may send and this side reads. Not while a full queue pauses reading. */
export function awaitsInput(record: ConnectionRecord): boolean {
  const isFull = record.receiveBuffer?.isFull ?? record.callbacks?.isFull ?? false
  return record.input === 'open' && !record.isGone && !isFull
}
