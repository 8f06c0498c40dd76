import type { Addon, SocketOptions } from './addon.js'
import { systemError } from './system-error.js'

/** What `configure(socket)` gets from this engine: a socket and its options (tcp(7), socket(7)). */
export class NativeSocket {
  readonly #addon: Addon
  readonly #slot: () => number

  constructor(addon: Addon, slot: () => number) {
    this.#addon = addon
    this.#slot = slot
  }

  /** The number of the descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#addon.descriptor(this.#slot())
  }

  /**
   * What the system says of an option.
   *
   * @throws the system's error, as when the connection is closed
   */
  getOption(name: keyof SocketOptions): number {
    const value = this.#addon.getOption(this.#slot(), name)
    if (value < 0) throw systemError(-value, 'getsockopt')
    return value
  }

  /** @throws the system's error, as when the connection is closed */
  setOption(name: keyof SocketOptions, value: number): void {
    const errno = this.#addon.setOptions(this.#slot(), { [name]: value })
    if (errno !== 0) throw systemError(errno, 'setsockopt')
  }
}
