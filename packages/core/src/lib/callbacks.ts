import { inspect } from 'node:util'
import { ignore, isThenable, whenSettled } from './deferred.js'

/** Takes back what `on` did; calling it twice does no harm. */
export type Unsubscribe = () => void

/** The events of a registry, with the arguments of their callbacks. */
export type Events = Record<string, readonly unknown[]>

type Callback<Args extends readonly unknown[]> = (...args: Args) => unknown

/**
 * Callbacks by event. Any number per event; they run in the order they came, synchronously, and each is alone with
 * its failures: one that throws or rejects disturbs neither the caller nor the others, and becomes a process warning.
 * Adding and removing inside a callback takes effect with the next emit.
 */
export class CallbackRegistry<E extends Events> {
  /** Replaced, never changed in place: an emit under way keeps the list it started with. */
  readonly #lists: { [K in keyof E]: readonly Callback<E[K]>[] }

  /** @param names the events there are */
  constructor(names: readonly (keyof E & string)[]) {
    this.#lists = Object.fromEntries(names.map((name) => [name, []])) as never
  }

  /** @throws TypeError for an unknown event or something that is no function */
  on<K extends keyof E & string>(event: K, callback: Callback<E[K]>): Unsubscribe {
    if (!Object.hasOwn(this.#lists, event)) {
      throw new TypeError(`Unknown event "${event}": there are ${Object.keys(this.#lists).join(', ')}`)
    }
    if (typeof callback !== 'function') throw new TypeError(`Invalid callback for "${event}": not a function`)
    // A wrapper of its own makes each subscription unique, though the same function may come twice.
    const own: Callback<E[K]> = (...args) => callback(...args)
    this.#lists[event] = [...this.#lists[event], own]
    return () => {
      this.#lists[event] = this.#lists[event].filter((other) => other !== own)
    }
  }

  /** Whether anybody listens. */
  has(event: keyof E & string): boolean {
    return this.#lists[event].length > 0
  }

  emit<K extends keyof E & string>(event: K, ...args: E[K]): void {
    for (const callback of this.#lists[event]) {
      try {
        const result = callback(...args)
        if (isThenable(result)) void whenSettled(result, ignore, warn)
      } catch (error) {
        warn(error)
      }
    }
  }
}

/** An observer's own failure has nobody else to go to. As text, since that works for whatever was thrown. */
function warn(error: unknown): void {
  process.emitWarning(`A callback failed: ${show(error)}`, 'SockCallbackWarning')
}

function show(error: unknown): string {
  try {
    return inspect(error)
  } catch {
    return 'with something that cannot be shown'
  }
}
