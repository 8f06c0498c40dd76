import { lookUp } from '@sock/core/transport'
import type { Loop, SocketEvents } from './loop.js'
import { kinds } from './numbers.js'
import type { SocketOptions } from './socket-options.js'
import { systemError, type Details } from './system-error.js'

/** Delay in ms before the next address is tried too, as recommended by RFC 8305, section 5. */
const NEXT_ATTEMPT = 250

/** One attempt to connect. It settles once; `abandon()` closes the file descriptor without settling. */
class Attempt implements SocketEvents {
  readonly scope = undefined
  readonly #loop: Loop
  readonly #where: Details
  #slot: number
  #succeeded!: (slot: number) => void
  #failed!: (error: Error) => void
  readonly connected: Promise<number>

  constructor(loop: Loop, slot: number, where: Details) {
    this.#loop = loop
    this.#slot = slot
    this.#where = where
    this.connected = new Promise((resolve, reject) => {
      this.#succeeded = resolve
      this.#failed = reject
    })
    if (slot < 0) this.#failed(systemError(-slot, 'connect', where))
    else loop.register(slot, this)
  }

  event(kind: number, errno: number): void {
    if (kind !== kinds.connected) return
    if (errno === 0) {
      const slot = this.#slot
      this.#slot = -1
      this.#succeeded(slot)
      return
    }
    this.abandon()
    this.#failed(systemError(errno, 'connect', this.#where))
  }

  abandon(): void {
    if (this.#slot >= 0) this.#loop.close(this.#slot)
    this.#slot = -1
  }

  /** Unused: these events come only after connecting. */
  chunk(): void {}
  stalled(): void {}
}

/** Connects to a path or an abstract name. @returns the slot */
export function dialPath(
  loop: Loop,
  options: SocketOptions,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const slot = loop.addon.connectPath(options, Buffer.from(path))
  return race(loop, [() => new Attempt(loop, slot, { address: path })], signal)
}

/** Connects to an IP address, or to the addresses of a host name, one after the other. @returns the slot */
export async function dialIp(
  loop: Loop,
  options: SocketOptions,
  host: string,
  port: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const addresses = await lookUp(host, signal)
  signal?.throwIfAborted()
  const attempts = addresses.map(
    (address) => () => new Attempt(loop, loop.addon.connectIp(options, address, port), { address, port }),
  )
  return race(loop, attempts, signal)
}

/**
 * Returns the slot of the first attempt that succeeds, and closes the others. The next attempt starts when one fails
 * or takes long.
 */
async function race(
  loop: Loop,
  starts: readonly (() => Attempt)[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const running: Attempt[] = []
  let next = 0
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let abort: (() => void) | undefined
  try {
    return await new Promise<number>((resolve, reject) => {
      let isOver = false
      abort = () => {
        isOver = true
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      const start = (): void => {
        clearTimeout(timer)
        const begin = starts[next++]
        if (begin === undefined) return
        const attempt = begin()
        running.push(attempt)
        if (next < starts.length) timer = setTimeout(start, NEXT_ATTEMPT)
        attempt.connected.then(
          (slot) => (isOver ? loop.close(slot) : ((isOver = true), resolve(slot))),
          (error: Error) => {
            failures += 1
            if (failures === starts.length) reject(error)
            else if (!isOver) start()
          },
        )
      }
      start()
    })
  } finally {
    clearTimeout(timer)
    if (abort !== undefined) signal?.removeEventListener('abort', abort)
    for (const attempt of running) attempt.abandon()
  }
}
