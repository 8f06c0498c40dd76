import type { Address, IpAddress } from '@sock/core'
import type { Handshake, StreamListener, StreamPort, StreamPortSink } from '@sock/core/stream'
import { ipAddress } from '@sock/core/transport'
import { createDeferred, type Deferred } from '../deferred.js'

/**
 * A stream port in the hands of a test: it records what the machinery asks for, and the test says what the peer and the
 * system do. Nothing happens by itself: a destroyed port is closed when the test calls `close()`.
 *
 * @example
 * const port = createFakeStreamPort()
 * sink.accept(port) // the sink that the binding's open() was given
 * port.receive('hello')
 * port.end()
 * port.close()
 */
export function createFakeStreamPort(): FakeStreamPort {
  return new FakeStreamPort()
}

/** What {@link createFakeStreamPort} makes. */
export class FakeStreamPort implements StreamPort {
  readonly localAddress = ipAddress('127.0.0.1', 80)
  readonly remoteAddress: Address | undefined = ipAddress('127.0.0.1', 50_000)
  readonly secure = false
  readonly tls: unknown = undefined
  readonly socket: unknown = {}
  /** Bytes that the system has not taken yet, as the test says. */
  bufferedBytes = 0
  writeProgress = 0
  /** The methods that were called, in order. */
  readonly calls: string[] = []
  /** What the machinery has written, a text per call. */
  readonly written: string[] = []
  /** What the peer does at the very moment that somebody begins to listen. */
  onStart: (() => void) | undefined
  #sink: StreamPortSink | undefined

  /** Where to deliver. @throws unless the port was started: only then it has one. */
  get sink(): StreamPortSink {
    if (this.#sink === undefined) throw new Error('The port was not started')
    return this.#sink
  }

  /** Whether the machinery listens. */
  get isStarted(): boolean {
    return this.#sink !== undefined
  }

  /** Whether the machinery has destroyed or reset it. */
  get isDestroyed(): boolean {
    return this.calls.includes('destroy') || this.calls.includes('reset')
  }

  /** How often a method was called. */
  count(call: string): number {
    return this.calls.filter((name) => name === call).length
  }

  start(sink: StreamPortSink): void {
    this.calls.push('start')
    this.#sink = sink
    this.onStart?.()
  }
  write(data: Uint8Array): void {
    this.calls.push('write')
    this.written.push(Buffer.from(data).toString())
  }
  requestDrain(): void {
    this.calls.push('requestDrain')
  }
  pause(): void {
    this.calls.push('pause')
  }
  resume(): void {
    this.calls.push('resume')
  }
  shutdownWrite(): void {
    this.calls.push('shutdownWrite')
  }
  ref(): void {
    this.calls.push('ref')
  }
  unref(): void {
    this.calls.push('unref')
  }
  reset(): void {
    this.calls.push('reset')
  }

  destroy(): void {
    this.calls.push('destroy')
  }

  // What the peer, or the system, does.

  /** The peer's bytes. */
  receive(text: string): void {
    this.sink.received(Buffer.from(text))
  }
  /** The peer's FIN. */
  end(): void {
    this.sink.ended()
  }
  /** The system has taken what was written, but for `rest` bytes. */
  drain(rest = 0): void {
    this.bufferedBytes = rest
    this.sink.drained()
  }
  /** Our FIN is out. */
  finish(): void {
    this.sink.finished()
  }
  /** The descriptor is closed; `error` says what broke. */
  close(error?: Error): void {
    this.sink.closed(error)
  }
}

/**
 * A listener that the test closes, or that closes when asked.
 *
 * @param waits for the test to resolve `closed`
 */
export function createFakeListener(waits: FakeWaits = {}): FakeListener {
  return new FakeListener(waits)
}

/** What a fake listener leaves to the test. */
export interface FakeWaits {
  /** Whether `close()` waits until the test resolves `closed`. Default false. */
  readonly close?: boolean
}

/** What {@link createFakeListener} makes. */
export class FakeListener implements StreamListener<IpAddress> {
  /** Where it says it listens. */
  readonly address = ipAddress('127.0.0.1', 80)
  /** The methods that were called, in order. */
  readonly calls: string[] = []
  /** Resolves what `close()` waits for. */
  readonly closed: Deferred<void> = createDeferred()

  constructor(waits: FakeWaits = {}) {
    if (waits.close !== true) this.closed.resolve()
  }

  removeName(): void {
    this.calls.push('removeName')
  }
  ref(): void {
    this.calls.push('ref')
  }
  unref(): void {
    this.calls.push('unref')
  }
  close(): Promise<void> {
    this.calls.push('close')
    return this.closed.promise
  }
}

/** A peer in the middle of a handshake, which the test brings to its end: `secured(port)` or `failed(error)`. */
export function createFakeHandshake(remoteAddress?: Address): FakeHandshake {
  return new FakeHandshake(remoteAddress)
}

/** What {@link createFakeHandshake} makes. */
export class FakeHandshake implements Handshake {
  readonly remoteAddress: Address | undefined
  bytesRead = 0
  /** Whether the machinery has given it up. */
  isDestroyed = false
  /** The handshake is done, and this is the connection. There once the machinery has started it. */
  secured!: (port: StreamPort) => void
  /** The handshake failed. There once the machinery has started it. */
  failed!: (error: Error) => void

  constructor(remoteAddress: Address | undefined = ipAddress('127.0.0.1', 50_001)) {
    this.remoteAddress = remoteAddress
  }

  start(secured: (port: StreamPort) => void, failed: (error: Error) => void): void {
    this.secured = secured
    this.failed = failed
  }
  destroy(): void {
    this.isDestroyed = true
  }
}
