import type { AddressInfo, Server } from 'node:net'
import { Duplex } from 'node:stream'
import { isMapped, type Address, type IpAddress } from '../../address/address.js'
import { RESOLVED } from '../../async/deferred.js'
import type { Connection, ConnectionStream } from '../../channel/channel.js'
import { SockError } from '../../errors/errors.js'
import { outOfRange, wrongType } from '../../options/check.js'
import { MAX_TIMEOUT } from '../../options/values.js'
import type { StreamPort } from '../port.js'
import { socketError } from './socket-error.js'

/** The settings that an engine's socket may have. */
interface Settable {
  setNoDelay?(noDelay: boolean): unknown
  setKeepAlive?(enable: boolean, initialDelay: number): unknown
  getTypeOfService?(): number
  setTypeOfService?(tos: number): unknown
}

/** The argument of `setKeepAlive()` as an object. */
interface KeepAlive {
  readonly enable?: boolean | undefined
  readonly initialDelay?: number | undefined
}

/** What a stream needs from its connection. */
export interface StreamSource {
  readonly connection: Connection
  readonly port: StreamPort
  /** See `ReceiveBuffer.take()`. */
  take(resolve: (chunk: Buffer | null) => void, reject: (error: Error) => void): void
  /** Reports a write: the stream's queue has `waiting` bytes now, and had `before` bytes before. */
  written(before: number, waiting: number): void
  /** Closes the connection without a reset. */
  destroy(error: Error | undefined): void
}

/** A stream with the members of a socket. Decision 28 says why this class extends another. */
export class SocketStream extends Duplex implements ConnectionStream {
  /** node:http sets it. */
  server: Server | null = null
  readonly #source: StreamSource
  #timeout: number | undefined
  #timer: NodeJS.Timeout | undefined
  /** The progress of writes when the timer fired last. */
  #progress = 0
  /** Bytes that were passed to the connection and still count in `writableLength`. */
  #passedOn = 0
  #isReset = false

  constructor(source: StreamSource) {
    // With autoDestroy, Node's iterator over a stream, which pipeline() passes to a generator, would destroy the stream
    // at the end of its input, before the answer is complete.
    // https://nodejs.org/api/stream.html#readablesymbolasynciterator
    // Node would emit 'close' without its argument.
    super({ autoDestroy: false, emitClose: false })
    this.#source = source
    for (const name of source.port.socketMembers ?? []) forward(this, source.port.socket, name)
  }

  // Bytes.

  override _read(): void {
    this.#source.take(this.#onChunk, this.#onError)
  }

  // Created once per stream, not once per chunk.
  readonly #onChunk = (chunk: Buffer | null): void => {
    this.#moved()
    if (chunk === null) {
      process.nextTick(pushEnd, this)
      return
    }
    try {
      this.push(chunk)
    } catch (error) {
      // A listener has thrown. That is an uncaught exception, which must not unwind the connection, and after which
      // a socket still reads.
      process.nextTick(raise, error)
      this.read(0)
    }
  }
  readonly #onError = (error: Error): void => void this.destroy(socketError(error))

  override write(...args: unknown[]): boolean {
    const before = this.writableLength
    const isTaken = super.write(...(args as [unknown]))
    // Node does not limit the queue of a stream; here it counts towards the connection's limit.
    this.#source.written(before, this.writableLength)
    return isTaken
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#passedOn = chunk.length
    const result = this.connection.write(chunk)
    if (result === RESOLVED) this.#sent(done)
    else settle(result, (error) => this.#sent(done, error))
  }

  override _final(done: (error?: Error) => void): void {
    settle(this.connection.closeWrite(), done)
  }

  #sent(done: (error?: Error) => void, error?: Error): void {
    this.#passedOn = 0
    if (error === undefined) this.#moved()
    done(error)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopTimer()
    const isOver = error === null && this.readableEnded && this.writableFinished
    if (this.#isReset) this.connection.destroy(new SockError('ERR_SOCK_CLOSED', 'Stream was reset'))
    else if (isOver) void this.connection.close()
    else this.#source.destroy(error ?? undefined)
    done(error)
    // Node emits 'error' in a tick that it has scheduled just now.
    process.nextTick(emitClose, this, error !== null)
  }

  // The members of a socket.

  get connection(): Connection {
    return this.#source.connection
  }
  get remoteAddress(): string | undefined {
    return host(this.connection.remoteAddress)
  }
  get remotePort(): number | undefined {
    return ip(this.connection.remoteAddress)?.port
  }
  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    return family(this.connection.remoteAddress)
  }
  // In Node's types, the next three and `timeout` are optional, but never undefined. With exactOptionalPropertyTypes,
  // a getter cannot express that.
  get localAddress(): string {
    return host(this.connection.localAddress) as string
  }
  get localPort(): number {
    return ip(this.connection.localAddress)?.port as number
  }
  get localFamily(): 'IPv4' | 'IPv6' {
    return family(this.connection.localAddress) as 'IPv4' | 'IPv6'
  }
  get bytesRead(): number {
    return this.connection.bytesRead
  }
  get bytesWritten(): number {
    return this.connection.bytesWritten + this.writableLength - this.#passedOn
  }
  get bufferSize(): number {
    return this.writableLength
  }
  get autoSelectFamilyAttemptedAddresses(): string[] {
    return []
  }
  get connecting(): boolean {
    return false
  }
  get pending(): boolean {
    return false
  }
  get readyState(): 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }
  get timeout(): number {
    return this.#timeout as number
  }

  address(): AddressInfo | Record<string, never> {
    const local = ip(this.connection.localAddress)
    return local === undefined
      ? {}
      : { address: this.localAddress, family: this.localFamily, port: local.port }
  }

  setTimeout(ms: number, callback?: () => void): this {
    if (typeof ms !== 'number') throw wrongType('ms', 'a time in ms', ms)
    if (!(ms >= 0 && ms <= MAX_TIMEOUT)) throw outOfRange('ms', `a time from 0 to ${MAX_TIMEOUT} ms`, ms)
    if (callback !== undefined && typeof callback !== 'function')
      throw wrongType('callback', 'a function', callback)
    this.#timeout = ms
    this.#stopTimer()
    if (ms > 0) {
      if (callback !== undefined) this.once('timeout', callback)
      if (!this.destroyed) this.#timer = setTimeout(() => this.#timedOut(), ms).unref()
    } else if (callback !== undefined) this.off('timeout', callback)
    return this
  }

  setNoDelay(noDelay = true): this {
    ;(this.#source.port.socket as Settable | undefined)?.setNoDelay?.(noDelay)
    return this
  }

  setKeepAlive(enable: boolean | KeepAlive = false, initialDelay = 0): this {
    if (typeof enable === 'object') return this.setKeepAlive(enable.enable ?? false, enable.initialDelay)
    ;(this.#source.port.socket as Settable | undefined)?.setKeepAlive?.(enable, initialDelay)
    return this
  }

  getTypeOfService(): number {
    return (this.#source.port.socket as Settable | undefined)?.getTypeOfService?.() ?? 0
  }

  setTypeOfService(tos: number): this {
    ;(this.#source.port.socket as Settable | undefined)?.setTypeOfService?.(tos)
    return this
  }

  ref(): this {
    this.#source.port.ref?.()
    return this
  }

  unref(): this {
    this.#source.port.unref?.()
    return this
  }

  connect(): this {
    process.nextTick(() => {
      if (this.destroyed) return
      this.emit('connect')
      this.emit('ready')
    })
    return this
  }

  destroySoon(): void {
    const close = (): void => {
      const destroy = (): void => void this.destroy()
      this.connection.close().then(destroy, destroy)
    }
    if (this.writable) this.end()
    if (this.writableFinished) close()
    else this.once('finish', close)
  }

  resetAndDestroy(): this {
    this.#isReset = true
    return this.destroy()
  }

  /** Restarts the time-out. */
  #moved(): void {
    this.#timer?.refresh()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Emits `timeout`, unless a long write has made progress since the timer fired last. */
  #timedOut(): void {
    const progress = this.#source.port.writeProgress
    const isSending = this.writableLength > 0 && progress !== this.#progress
    this.#progress = progress
    if (isSending) this.#moved()
    else this.emit('timeout')
  }
}

/** Ends the input. A socket reads after that: with nothing buffered, Node then emits 'end' even if nobody reads. */
function pushEnd(stream: Duplex): void {
  stream.push(null)
  stream.read(0)
}

function emitClose(stream: Duplex, hadError: boolean): void {
  stream.emit('close', hadError)
}

/**
 * Calls `done` in a tick of its own when `result` has settled: what a listener throws there is an uncaught exception,
 * not a rejection.
 */
function settle(result: Promise<void>, done: (error?: Error) => void): void {
  result.then(
    () => process.nextTick(done),
    (error: Error) => process.nextTick(done, socketError(error)),
  )
}

function raise(error: unknown): never {
  throw error
}

/** Defines a member that reads the same member of the engine's socket. */
function forward(stream: object, socket: unknown, name: string): void {
  Object.defineProperty(stream, name, {
    configurable: true,
    enumerable: false,
    get(): unknown {
      const value: unknown = (socket as Record<string, unknown>)[name]
      return typeof value === 'function' ? (value.bind(socket) as unknown) : value
    },
  })
}

function ip(address: Address | undefined): IpAddress | undefined {
  return address === undefined || address.family === 'unix' ? undefined : address
}

/** Returns the host as a socket has it: an IPv4 peer of a socket for IPv6 has a mapped address. */
function host(address: Address | undefined): string | undefined {
  const found = ip(address)
  return found !== undefined && isMapped(found) ? `::ffff:${found.host}` : found?.host
}

function family(address: Address | undefined): 'IPv4' | 'IPv6' | undefined {
  const found = ip(address)
  if (found === undefined) return undefined
  return found.family === 'ipv4' && !isMapped(found) ? 'IPv4' : 'IPv6'
}
