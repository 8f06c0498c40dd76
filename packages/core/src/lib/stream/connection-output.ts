import { types } from 'node:util'
import { createDeferred, rejected, RESOLVED } from '../async/deferred.js'
import { Announcer } from '../channel/announcer.js'
import { ownBytes } from '../channel/reused-memory.js'
import { wrongType } from '../options/check.js'
import type { ConnectionState } from '../server/server.js'
import type { BufferLimit } from './buffer-limit.js'
import { closedError, returnedError } from './connection-errors.js'
import type { ConnectionCallbacks } from './connection-callbacks.js'
import type { ConnectionExtras } from './connection-extras.js'
import type { StreamPort } from './port.js'

/**
 * The output of a connection. Only the functions of this file change `output`, `bytesWritten` and
 * `bytesReadAtLastWrite`. They are functions over the connection's own fields, since another object per connection
 * would cost memory (decision 25).
 */
export interface OutputOwner {
  output: 'open' | 'ending' | 'ended'
  bytesWritten: number
  /** If it is less than `bytesRead`, input has arrived since the last write: it may still need an answer. */
  bytesReadAtLastWrite: number
  readonly bytesRead: number
  readonly port: StreamPort
  readonly host: {
    readonly observed: boolean
    readonly highWaterMark: number
    readonly maxWriteBuffer: number
    readonly bufferLimit: BufferLimit | undefined
    wroteTooLate(error: Error): void
  }
  readonly callbacks: ConnectionCallbacks | undefined
  readonly isOpen: boolean
  /** Destroyed or closed. */
  readonly isGone: boolean
  /** The error that broke the connection. */
  readonly error: Error | undefined
  readonly extras: ConnectionExtras | undefined
  makeExtras(): ConnectionExtras
  observe(state: ConnectionState): void
  /** Resets the connection: the peer reads too slowly, and the limit of queued bytes is reached. */
  overflow(limit: string): void
}

export function writeOutput(owner: OutputOwner, data: Uint8Array | string): Promise<void> {
  if (!owner.isOpen) return wroteTooLate(owner)
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
  if (bytes.length === 0) return RESOLVED
  // isTelling: an observer that is being told about a write may have unsubscribed before it writes itself.
  if (owner.host.observed || owner.extras?.announcer?.isTelling === true) return announce(owner, bytes)
  return handOn(owner, bytes)
}

/** Sends FIN after all queued bytes; resolves when it is sent. */
export function closeOutput(owner: OutputOwner): Promise<void> {
  if (owner.output === 'ended') return RESOLVED
  if (owner.isGone) return rejected(closedError('close the writing side', owner.error))
  // An observer of this may destroy the connection, which rejects and drops pending promises: take the promise first.
  const finished = (owner.makeExtras().finished ??= createDeferred())
  endOutput(owner)
  return finished.promise
}

export function endOutput(owner: OutputOwner): void {
  if (owner.output !== 'open') return
  owner.output = 'ending'
  owner.observe('closeWrite')
  if (!owner.isGone) owner.port.shutdownWrite()
}

/** The system has accepted all bytes that were written before the port was asked. */
export function outputDrained(owner: OutputOwner): void {
  const { extras } = owner
  if (extras?.drained === undefined) return
  if (owner.port.bufferedBytes >= owner.host.highWaterMark) {
    owner.port.requestDrain()
    return
  }
  extras.drained.resolve()
  extras.drained = undefined
  owner.callbacks?.drain()
}

/** This side's FIN is sent. */
export function outputFinished(owner: OutputOwner): void {
  owner.output = 'ended'
  const { extras } = owner
  if (extras === undefined) return
  extras.finished?.resolve()
  extras.finished = undefined
}

/** Rejects pending operations of the output. */
export function rejectOutput(extras: ConnectionExtras, error: Error): void {
  extras.drained?.reject(error)
  extras.finished?.reject(error)
  extras.drained = extras.finished = undefined
}

/** Returns the bytes that were written and that the system has not accepted yet. */
export function waitingOutput(owner: OutputOwner): number {
  if (owner.isGone) return 0
  // Bytes that the stream has passed on also count in its own length until `write()` resolves.
  return Math.max(owner.port.bufferedBytes, owner.extras?.stream?.writableLength ?? 0)
}

/**
 * Handles a write that left `highWaterMark` bytes or more in the queue: beyond a limit the connection is reset.
 *
 * @param waiting all queued bytes
 * @param added the bytes of this write; a single write may have any length
 * @param isFirst whether fewer bytes were queued before
 */
export function fallBehind(owner: OutputOwner, waiting: number, added: number, isFirst: boolean): void {
  const { maxWriteBuffer, bufferLimit } = owner.host
  if (waiting - added >= maxWriteBuffer) owner.overflow(`"maxWriteBuffer" is ${maxWriteBuffer}`)
  else bufferLimit?.add(isFirst ? waiting : added)
}

function wroteTooLate(owner: OutputOwner): Promise<never> {
  if (owner.extras?.handlerReturned !== true) return rejected(closedError('write', owner.error))
  const error = returnedError()
  owner.host.wroteTooLate(error)
  return rejected(error)
}

function announce(owner: OutputOwner, bytes: Uint8Array): Promise<void> {
  const announcer = (owner.makeExtras().announcer ??= new Announcer())
  return announcer.announce(
    () => owner.observe('write'),
    () => (owner.isOpen ? handOn(owner, bytes) : rejected(closedError('write', owner.error))),
  )
}

function handOn(owner: OutputOwner, bytes: Uint8Array): Promise<void> {
  owner.bytesWritten += bytes.length
  owner.bytesReadAtLastWrite = owner.bytesRead
  const { port } = owner
  port.write(port.takesReused === true ? bytes : ownBytes(bytes))
  const waiting = port.bufferedBytes
  return waiting < owner.host.highWaterMark ? RESOLVED : whenDrained(owner, waiting, bytes.length)
}

function whenDrained(owner: OutputOwner, waiting: number, added: number): Promise<void> {
  const extras = owner.makeExtras()
  const isFirst = extras.drained === undefined
  if (isFirst) owner.port.requestDrain()
  const { promise } = (extras.drained ??= createDeferred())
  fallBehind(owner, waiting, added, isFirst)
  return promise
}
