import type { Addon } from './addon.js'
import type { SocketOptions } from './socket-options.js'
import { systemError } from './system-error.js'

/** What `configure(socket)` gets from this engine: a socket and its options, by the names of {@link SocketOptions}. */
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
   * What the system says of an option: a whole number, in the unit of the option.
   *
   * @throws Error of the system, `getsockopt …`: `code` is `EBADF` when the socket is closed, `ENOPROTOOPT` or `ENOTSUP` for an
   *   option that a socket of this kind does not have
   */
  getOption(name: keyof SocketOptions): number {
    const value = this.#addon.getOption(this.#slot(), name)
    if (value < 0) throw systemError(-value, 'getsockopt')
    return value
  }

  /**
   * Sets an option, from now on.
   *
   * @throws Error of the system, `setsockopt …`: `code` as for {@link getOption}, `EINVAL` for a value or a moment that it does
   *   not take, `EPERM` for what takes more rights
   */
  setOption(name: keyof SocketOptions, value: number): void {
    const errno = this.#addon.setOptions(this.#slot(), { [name]: value })
    if (errno !== 0) throw systemError(errno, 'setsockopt')
  }
}
