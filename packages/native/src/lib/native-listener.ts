import type { Address } from '@sock/core'
import type { StreamListener, StreamListenerSink } from '@sock/core/stream'
import { AsyncResource } from 'node:async_hooks'
import { DESTROYED_BY_HAND, type Loop, type SocketEvents } from './loop.js'
import { kinds } from './numbers.js'
import type { Names } from './names.js'
import { NativeStreamPort } from './native-port.js'
import type { SocketOptions } from './socket-options.js'
import { systemError } from './system-error.js'

/** A listener over a listening socket of the addon. */
export class NativeListener implements StreamListener, SocketEvents {
  readonly address: Address
  /** A connection has a context of its own from the start, so it must not start in the listener's. */
  readonly scope = undefined
  readonly #context = new AsyncResource('SOCKLISTENER', DESTROYED_BY_HAND)
  readonly #loop: Loop
  readonly #names: Names
  readonly #sink: StreamListenerSink
  #slot: number
  readonly #reuseChunks: boolean
  /**
   * The options that must be set on each accepted socket. Before the first peer: all options. On Linux, accepted
   * sockets inherit options from the listener (tcp(7)); an emulated kernel may not do that.
   */
  #missing: SocketOptions | undefined
  #isCompared = false

  constructor(
    loop: Loop,
    slot: number,
    address: Address,
    names: Names,
    sink: StreamListenerSink,
    options: SocketOptions,
    reuseChunks = false,
  ) {
    this.#loop = loop
    this.#slot = slot
    this.address = address
    this.#names = names
    this.#sink = sink
    this.#missing = options
    this.#reuseChunks = reuseChunks
    loop.register(slot, this)
  }

  ref(): void {
    this.#loop.addon.setReferenced(this.#slot, true)
  }

  unref(): void {
    this.#loop.addon.setReferenced(this.#slot, false)
  }

  close(): Promise<void> {
    if (this.#slot >= 0) {
      this.#loop.close(this.#slot)
      this.#context.emitDestroy()
    }
    this.#slot = -1
    return Promise.resolve()
  }

  event(kind: number, a: number, b: number): void {
    if (kind === kinds.accepted) {
      if (!this.#isCompared) this.#compare(a)
      // If this fails, the peer is gone already.
      if (this.#missing !== undefined) this.#loop.addon.setOptions(a, this.#missing)
      const port = new NativeStreamPort(this.#loop, a, this.#names, b)
      if (this.#reuseChunks) port.reuseChunks()
      this.#context.runInAsyncScope(accept, undefined, this.#sink, port)
    } else if (kind === kinds.refused) {
      this.#context.runInAsyncScope(() => this.#refused(a))
    }
  }

  /** Unused: these events are not for listeners. */
  chunk(): void {}
  stalled(): void {}

  /** Finds out, once, which options accepted sockets do not inherit. */
  #compare(accepted: number): void {
    const { addon } = this.#loop
    const missing = Object.entries(this.#missing ?? {}).filter(([key]) => {
      const name = key as keyof SocketOptions
      return addon.getOption(accepted, name) !== addon.getOption(this.#slot, name)
    })
    this.#missing = missing.length === 0 ? undefined : Object.fromEntries(missing)
    this.#isCompared = true
  }

  #refused(errno: number): void {
    this.#sink.failed(systemError(errno, 'accept'), () => this.#acceptAgain())
  }

  #acceptAgain(): void {
    const errno = this.#slot < 0 ? 0 : this.#loop.addon.setAccepting(this.#slot, true)
    if (errno !== 0) this.#sink.failed(systemError(errno, 'epoll_ctl'))
  }
}

function accept(sink: StreamListenerSink, port: NativeStreamPort): void {
  sink.accept(port)
}
