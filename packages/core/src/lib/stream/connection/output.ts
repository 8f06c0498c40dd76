import { types } from 'node:util'
import { createDeferred, rejected, RESOLVED } from '../../async/deferred.js'
import { Notifier } from '../../channel/notifier.js'
import { ownBytes } from '../../channel/reused-memory.js'
import { wrongType } from '../../options/check.js'
import { closedError, returnedError } from './errors.js'
import type { LazyState } from './lazy-state.js'
import type { ConnectionRecord } from './record.js'

export function writeOutput(record: ConnectionRecord, data: Uint8Array | string): Promise<void> {
  if (!record.isOpen) return wroteAfterReturn(record)
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
  if (bytes.length === 0) return RESOLVED
  // isNotifying: an observer that is being told about a write may have unsubscribed before it writes itself.
  if (record.host.observed || record.lazy?.notifier?.isNotifying === true) return notify(record, bytes)
  return writeToPort(record, bytes)
}

/** Sends FIN after all queued bytes; resolves when it is sent. */
export function closeOutput(record: ConnectionRecord): Promise<void> {
  if (record.output === 'ended') return RESOLVED
  if (record.isGone) return rejected(closedError('close the writing side', record.error))
  // An observer of this may destroy the connection, which rejects and drops pending promises: take the promise first.
  const flushed = (record.ensureLazy().flushed ??= createDeferred())
  endOutput(record)
  return flushed.promise
}

export function endOutput(record: ConnectionRecord): void {
  if (record.output !== 'open') return
  record.output = 'ending'
  record.observe('closeWrite')
  if (!record.isGone) record.port.shutdownWrite()
}

/** The system has accepted all bytes that were written before the port was asked. */
export function outputDrained(record: ConnectionRecord): void {
  const { lazy } = record
  if (lazy?.drained === undefined) return
  if (record.port.bufferedBytes >= record.host.highWaterMark) {
    record.port.requestDrain()
    return
  }
  lazy.drained.resolve()
  lazy.drained = undefined
  record.callbacks?.drain()
}

/** This side's FIN is sent. */
export function outputFlushed(record: ConnectionRecord): void {
  record.output = 'ended'
  const { lazy } = record
  if (lazy === undefined) return
  lazy.flushed?.resolve()
  lazy.flushed = undefined
}

/** Rejects pending operations of the output. */
export function rejectOutput(lazy: LazyState, error: Error): void {
  lazy.drained?.reject(error)
  lazy.flushed?.reject(error)
  lazy.drained = lazy.flushed = undefined
}

/** Returns the bytes that were written and that the system has not accepted yet. */
export function waitingOutput(record: ConnectionRecord): number {
  if (record.isGone) return 0
  // Bytes that the stream has passed on also count in its own length until `write()` resolves.
  return Math.max(record.port.bufferedBytes, record.lazy?.stream?.writableLength ?? 0)
}

/**
 * Handles a write that left `highWaterMark` bytes or more in the queue: beyond a limit the connection is reset.
 *
 * @param waiting all queued bytes
 * @param added the bytes of this write; a single write may have any length
 * @param isFirst whether fewer bytes were queued before
 */
export function limitQueue(record: ConnectionRecord, waiting: number, added: number, isFirst: boolean): void {
  const { maxWriteBuffer, bufferLimit } = record.host
  if (waiting - added >= maxWriteBuffer) record.overflow(`"maxWriteBuffer" is ${maxWriteBuffer}`)
  else bufferLimit?.add(isFirst ? waiting : added)
}

function wroteAfterReturn(record: ConnectionRecord): Promise<never> {
  if (record.lazy?.handlerReturned !== true) return rejected(closedError('write', record.error))
  const error = returnedError()
  record.host.wroteAfterReturn(error)
  return rejected(error)
}

function notify(record: ConnectionRecord, bytes: Uint8Array): Promise<void> {
  const notifier = (record.ensureLazy().notifier ??= new Notifier())
  return notifier.notify(
    () => record.observe('write'),
    () => (record.isOpen ? writeToPort(record, bytes) : rejected(closedError('write', record.error))),
  )
}

function writeToPort(record: ConnectionRecord, bytes: Uint8Array): Promise<void> {
  record.bytesWritten += bytes.length
  record.bytesReadAtLastWrite = record.bytesRead
  const { port } = record
  port.write(port.takesReused === true ? bytes : ownBytes(bytes))
  const waiting = port.bufferedBytes
  return waiting < record.host.highWaterMark ? RESOLVED : whenDrained(record, waiting, bytes.length)
}

function whenDrained(record: ConnectionRecord, waiting: number, added: number): Promise<void> {
  const lazy = record.ensureLazy()
  const isFirst = lazy.drained === undefined
  if (isFirst) record.port.requestDrain()
  const { promise } = (lazy.drained ??= createDeferred())
  limitQueue(record, waiting, added, isFirst)
  return promise
}
