import type { Address } from '@sock/core'
import type { StreamListener, StreamListenerSink } from '@sock/core/stream'
import { AsyncResource } from 'node:async_hooks'
import { DESTROYED_BY_OWNER, type Loop, type Owner } from './loop.js'
import { kinds } from './numbers.js'
import type { Names } from './names.js'
import { NativeStreamPort } from './native-port.js'
import { systemError } from './system-error.js'

/** A listener is drained when no newcomer was seen for so long, in ms: the same as with Node's engine. */
const DRAIN_QUIET = 20
/** When accepting fails, as for want of descriptors, it is tried again after this time, in ms. */
const BACK_OFF = 100

/** A listening socket of the addon. */
export class NativeListener implements StreamListener, Owner {
  readonly address: Address
  /** A connection has a context of its own from its beginning, so that it must not begin in that of the listener. */
  readonly scope = undefined
  readonly #context = new AsyncResource('SOCKLISTENER', DESTROYED_BY_OWNER)
  readonly #loop: Loop
  readonly #names: Names
  readonly #sink: StreamListenerSink
  readonly #backlog: number
  #slot: number
  #backOff: NodeJS.Timeout | undefined
  #quiet: NodeJS.Timeout | undefined
  #drained: (() => void) | undefined
  #look: NodeJS.Immediate | undefined
  #newcomers = 0
  #total = 0

  constructor(
    loop: Loop,
    slot: number,
    place: { address: Address; names: Names; backlog: number },
    sink: StreamListenerSink,
  ) {
    this.#loop = loop
    this.#slot = slot
    this.address = place.address
    this.#names = place.names
    this.#backlog = place.backlog
    this.#sink = sink
    loop.own(slot, this)
  }

  /** Accepts on until {@link DRAIN_QUIET} ms passed without a newcomer, or all who can have waited are accepted. */
  drain(): Promise<void> {
    this.#newcomers = this.#total = 0
    if (this.#backOff !== undefined) this.#acceptAgain()
    return new Promise((resolve) => {
      this.#drained = resolve
      if (this.#slot < 0) resolve()
      // Looked at after a turn of the loop, so that one that was blocked overlooks nobody.
      else this.#quiet = setTimeout(() => (this.#look = setImmediate(() => this.#judge())), DRAIN_QUIET)
    })
  }

  ref(): void {
    this.#loop.addon.setReferenced(this.#slot, true)
  }

  unref(): void {
    this.#loop.addon.setReferenced(this.#slot, false)
  }

  close(): Promise<void> {
    this.#stop()
    return Promise.resolve()
  }

  event(kind: number, a: number, b: number): void {
    if (kind === kinds.accepted) {
      this.#newcomers += 1
      this.#total += 1
      const port = new NativeStreamPort(this.#loop, a, this.#names, b)
      this.#context.runInAsyncScope(accept, undefined, this.#sink, port)
    } else if (kind === kinds.refused) {
      this.#context.runInAsyncScope(() => this.#refused(a))
    }
  }

  /** Not of listeners. */
  chunk(): void {}
  stalled(): void {}

  #refused(errno: number): void {
    this.#backOff = setTimeout(() => this.#acceptAgain(), BACK_OFF)
    this.#sink.failed(systemError(errno, 'accept'))
  }

  #acceptAgain(): void {
    clearTimeout(this.#backOff)
    this.#backOff = undefined
    const errno = this.#slot < 0 ? 0 : this.#loop.addon.setAccepting(this.#slot, true)
    if (errno !== 0) this.#sink.failed(systemError(errno, 'epoll_ctl'))
  }

  #judge(): void {
    if (this.#newcomers > 0 && this.#total <= this.#backlog) {
      this.#newcomers = 0
      this.#quiet?.refresh()
    } else {
      this.#stop()
    }
  }

  #stop(): void {
    clearTimeout(this.#backOff)
    clearTimeout(this.#quiet)
    clearImmediate(this.#look)
    if (this.#slot >= 0) {
      this.#loop.close(this.#slot)
      this.#context.emitDestroy()
    }
    this.#slot = -1
    this.#drained?.()
  }
}

function accept(sink: StreamListenerSink, port: NativeStreamPort): void {
  sink.accept(port)
}
