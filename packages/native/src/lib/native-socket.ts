import type { Addon } from './addon.js'
import type { SocketOptions } from './socket-options.js'
import { optionError } from './system-error.js'

/**
 * The argument of `configure(socket)` with this engine. It reads and sets the options of a socket, by the names of {@link
 * SocketOptions}.
 */
export class NativeSocket {
  readonly #addon: Addon
  readonly #slot: () => number

  constructor(addon: Addon, slot: () => number) {
    this.#addon = addon
    this.#slot = slot
  }

  /** The file descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#addon.descriptor(this.#slot())
  }

  /**
   * Returns the value of an option: a whole number, in the unit of the option.
   *
   * @throws Error of the system: `code` is `EBADF` when the socket is closed, `ENOPROTOOPT` or `ENOTSUP` for an
   * option that this kind of socket does not have. The message names the option; `syscall` is `getsockopt`
   */
  getOption(name: keyof SocketOptions): number {
    const value = this.#addon.getOption(this.#slot(), name)
    if (value < 0) throw optionError(-value, 'getsockopt', `Cannot read the socket option "${name}"`)
    return value
  }

  /**
   * Sets an option.
   *
   * @throws Error of the system: `code` as for {@link getOption}, `EINVAL` for an invalid value or a wrong moment,
   * `EPERM` if privileges are missing. The message names option and value; `syscall` is `setsockopt`
   */
  setOption(name: keyof SocketOptions, value: number): void {
    const errno = this.#addon.setOptions(this.#slot(), { [name]: value })
    if (errno !== 0) {
      throw optionError(errno, 'setsockopt', `Cannot set the socket option "${name}" to ${value}`)
    }
  }

  /** As on a `net.Socket`: does nothing where there is no such setting, and on a closed socket. */
  setNoDelay(noDelay = true): this {
    this.#addon.setOptions(this.#slot(), { noDelay: Number(noDelay) })
    return this
  }

  /**
   * As on a `net.Socket`: does nothing where there is no such setting, and on a closed socket.
   *
   * @param initialDelay in ms; 0 leaves it as it is
   */
  setKeepAlive(enable = false, initialDelay = 0): this {
    const seconds = Math.floor(initialDelay / 1_000)
    const idle = enable && seconds > 0 ? { keepAliveIdle: seconds } : {}
    this.#addon.setOptions(this.#slot(), { keepAlive: Number(enable), ...idle })
    return this
  }
}
