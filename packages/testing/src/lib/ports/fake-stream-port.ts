import type { Address, IpAddress } from '@sock/core'
import type { Handshake, StreamListener, StreamPort, StreamPortSink } from '@sock/core/stream'
import { createDeferred, ipAddress, type Deferred } from '@sock/core/transport'

/**
 * Returns a stream port without a system below. It records what core calls; the test plays the peer and the system.
 * It never acts on its own: a destroyed port is closed when the test calls `close()`.
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

/** The result of {@link createFakeStreamPort}. */
export class FakeStreamPort implements StreamPort {
  readonly localAddress = ipAddress('127.0.0.1', 80)
  readonly remoteAddress: Address | undefined = ipAddress('127.0.0.1', 50_000)
  readonly secure = false
  readonly tls: unknown = undefined
  readonly socket: unknown = {}
  /** Bytes that the system has not accepted yet; set by the test. */
  bufferedBytes = 0
  writeProgress = 0
  /** Names of the called methods, in order. */
  readonly calls: string[] = []
  /** The written data, one text per call. */
  readonly written: string[] = []
  /** Called when core starts the port: what the peer does at that moment. */
  onStart: (() => void) | undefined
  #sink: StreamPortSink | undefined

  /** The sink. @throws unless the port was started */
  get sink(): StreamPortSink {
    if (this.#sink === undefined) throw new Error('The port was not started')
    return this.#sink
  }

  /** Whether core has started it. */
  get isStarted(): boolean {
    return this.#sink !== undefined
  }

  /** Whether core has destroyed or reset it. */
  get isDestroyed(): boolean {
    return this.calls.includes('destroy') || this.calls.includes('reset')
  }

  /** Returns how often a method was called. */
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

  // Actions of the peer and the system.

  /** Delivers bytes from the peer. */
  receive(text: string): void {
    this.sink.received(Buffer.from(text))
  }
  /** Delivers the peer's FIN. */
  end(): void {
    this.sink.ended()
  }
  /** The system accepts all written bytes but `rest`. */
  drain(rest = 0): void {
    this.bufferedBytes = rest
    this.sink.drained()
  }
  /** This side's FIN is sent. */
  finish(): void {
    this.sink.flushed()
  }
  /** The file descriptor is closed; `error` says what broke the connection. */
  close(error?: Error): void {
    this.sink.closed(error)
  }
}

/**
 * Returns a listener that closes when asked, or when the test allows it.
 *
 * @param waits what waits for the test
 */
export function createFakeListener(waits: FakeWaits = {}): FakeListener {
  return new FakeListener(waits)
}

/** Parts of a fake listener that wait for the test. */
export interface FakeWaits {
  /** Whether `close()` waits until the test resolves `closed`. Default: false. */
  readonly close?: boolean
}

/** The result of {@link createFakeListener}. */
export class FakeListener implements StreamListener<IpAddress> {
  /** The address it claims to listen on. */
  readonly address = ipAddress('127.0.0.1', 80)
  /** Names of the called methods, in order. */
  readonly calls: string[] = []
  /** What `close()` waits for. */
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

/** Returns a peer in a handshake, which the test ends with `secured(port)` or `failed(error)`. */
export function createFakeHandshake(remoteAddress?: Address): FakeHandshake {
  return new FakeHandshake(remoteAddress)
}

/** The result of {@link createFakeHandshake}. */
export class FakeHandshake implements Handshake {
  readonly remoteAddress: Address | undefined
  bytesRead = 0
  /** Whether core has destroyed it. */
  isDestroyed = false
  /** Ends the handshake with a connection. Set once core has started it. */
  secured!: (port: StreamPort) => void
  /** Ends the handshake with an error. Set once core has started it. */
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
