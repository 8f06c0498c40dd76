import { SockError } from '@sock/core'
import { AsyncResource } from 'node:async_hooks'
import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { isMainThread } from 'node:worker_threads'

/**
 * The native half of unix-dgram 2.0.7, and everything about it that one has to know. Its JavaScript half is left out: it
 * throws where no one can catch (a failed recvmsg), gives numbers for error codes, and tells of errors by events.
 * https://github.com/bnoordhuis/node-unix-dgram/blob/v2.0.7/src/unix_dgram.cc
 *
 * Functions return 0 or what is said here, and the negative errno for a failure. Wrong types, a wrong number of
 * arguments, and a descriptor that is not open end the process by an assertion, so nobody but {@link UnixDgramSocket} calls
 * them.
 */
interface Native {
  readonly AF_UNIX: number
  readonly SOCK_DGRAM: number
  /**
   * Opens a socket, non-blocking and closed on exec, that is read from at once and always: there is no pause. It is
   * watched by the event loop of the main thread, whoever calls.
   *
   * Callbacks come from outside of JavaScript: with Node 26 no promise and no `process.nextTick` that they set going gets
   * on before something else happens in the process ({@link CALLBACKS_ARE_WHOLE}), and closing the socket in one can end the
   * process.
   *
   * @param received called with one message per turn of the event loop; `data` is null if `status` is an error, `path` is
   * null for a sender without a name and for one with an abstract name
   * @param writable called once after a `send` that returned 1
   * @returns the descriptor
   */
  socket(
    family: number,
    type: number,
    protocol: number,
    received: (status: number, data: Buffer | null, path: string | null) => void,
    writable: () => void,
  ): number
  /** Both cut a path at 107 bytes and at a NUL without a word, so abstract names are out of reach. */
  bind(fd: number, path: string): number
  connect(fd: number, path: string): number
  /** On a connected socket. Returns 1 if there is no room, and then calls `writable` when there may be some. */
  send(fd: number, data: Uint8Array): number
  /** Returns -EAGAIN if there is no room, and does not tell when there is. */
  sendto(fd: number, data: Uint8Array, offset: number, length: number, path: string): number
  /** Ends the process for a descriptor that is closed already, or from within a callback of the same socket. */
  close(fd: number): number
}

/** What a socket tells. */
export interface UnixDgramEvents {
  /** @param path the name of the sender, if it has one that can be told */
  received(data: Buffer, path: string | undefined, truncated: boolean): void
  /** There may be room again for what `send` refused with EAGAIN. */
  writable(): void
  /** Receiving failed; the socket goes on. */
  failed(error: Error): void
  /** The descriptor is closed. */
  closed(): void
}

/**
 * The size of the buffer that messages are received into. What is longer is cut without a word, so one of exactly this
 * length has to count as cut.
 */
export const RECEIVE_BUFFER = 65_536

/** A Unix datagram socket that cannot be used wrongly. */
export class UnixDgramSocket {
  /** The descriptor; another file may have its number after the socket is closed. */
  readonly fd: number
  readonly #native: Native
  readonly #events: UnixDgramEvents
  /** Of its own, as each socket of Node's has one: the native module calls back in none. */
  readonly #scope = new AsyncResource('SOCKUNIXDGRAM', { requireManualDestroy: true })
  #isOpen = true

  /** @throws SockError `ERR_SOCK_NATIVE_UNAVAILABLE` or `ERR_SOCK_UNSUPPORTED`, or a system error (`EMFILE`) */
  constructor(events: UnixDgramEvents) {
    this.#native = native()
    this.#events = events
    const { AF_UNIX, SOCK_DGRAM } = this.#native
    this.fd = checked(
      this.#native.socket(
        AF_UNIX,
        SOCK_DGRAM,
        0,
        (status, data, path) => {
          if (CALLBACKS_ARE_WHOLE) this.#received(status, data, path)
          else setImmediate(this.#received, status, data, path)
        },
        () => {
          if (CALLBACKS_ARE_WHOLE) this.#writable()
          else setImmediate(this.#writable)
        },
      ),
      'socket',
    )
  }

  /** Gives the socket a name, and with it a file. @throws the system's error */
  bind(path: string): void {
    checked(this.#native.bind(this.fd, path), 'bind', path)
  }

  /**
   * Makes `path` the peer: from then on nobody else can send to this socket. It may be called again.
   *
   * @throws the system's error
   */
  connect(path: string): void {
    checked(this.#native.connect(this.fd, path), 'connect', path)
  }

  /** Sends to the peer. @returns the error if it failed: `EAGAIN` if there is no room, and `writable` comes then */
  send(data: Uint8Array): Error | undefined {
    const status = this.#native.send(this.fd, data)
    if (status === 0) return undefined
    return status > 0 ? NO_ROOM : systemError(status, 'send')
  }

  /** Sends to `path`. @returns the error if it failed: `EAGAIN` if there is no room, and nothing comes then */
  sendTo(data: Uint8Array, path: string): Error | undefined {
    const status = this.#native.sendto(this.fd, data, 0, data.length, path)
    if (status === 0) return undefined
    const error = systemError(status, 'send', path)
    return error.code === NO_ROOM.code ? NO_ROOM : error
  }

  /** Tells nothing more from now on, and closes the descriptor soon. Harmless when closed. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    // Whatever comes before `setImmediate` may be a callback of the native module.
    setImmediate(() => {
      // Whatever close(2) says, the descriptor is gone.
      this.#native.close(this.fd)
      this.#scope.emitDestroy()
      this.#events.closed()
    })
  }

  readonly #writable = (): void => {
    if (this.#isOpen) this.#scope.runInAsyncScope(() => this.#events.writable())
  }

  readonly #received = (status: number, data: Buffer | null, path: string | null): void => {
    if (this.#isOpen) this.#scope.runInAsyncScope(this.#tell, undefined, status, data, path)
  }

  readonly #tell = (status: number, data: Buffer | null, path: string | null): void => {
    if (data !== null) {
      this.#events.received(data, path ?? undefined, data.length >= RECEIVE_BUFFER)
      return
    }
    const error = systemError(status, 'recvmsg')
    // Somebody else has taken the message: the descriptor was handed to another process.
    if (error.code !== NO_ROOM.code) this.#events.failed(error)
  }
}

/**
 * Whether a callback of the native module is a whole turn, after which what it set going gets on by itself. It is with
 * Node 20, 22 and 24, and not with 26. Which it is cannot be seen at run time: another callback in the same turn may lend
 * its end to this one.
 */
export const CALLBACKS_ARE_WHOLE = Number.parseInt(process.versions.node, 10) <= 24

let loaded: Native | undefined

function native(): Native {
  if (!isMainThread) {
    const message = 'Cannot use Unix datagrams in a worker thread: unix-dgram works in the main thread only'
    throw new SockError('ERR_SOCK_UNSUPPORTED', message)
  }
  loaded ??= loadUnixDgram(here)
  return loaded
}

/** Where this file is, or the bundle that it has become a part of: in one that is CommonJS `import.meta` is empty. */
const here = (import.meta.url as string | undefined) ?? __filename

/**
 * Loads the native module as seen from the module at `from`.
 *
 * @throws SockError `ERR_SOCK_NATIVE_UNAVAILABLE` if it is not there, or does not fit; or the system's error, as `EMFILE`
 */
export function loadUnixDgram(from: string): Native {
  const require = createRequire(from)
  try {
    const folder = dirname(require.resolve('unix-dgram/package.json'))
    return require(join(folder, 'build/Release/unix_dgram.node')) as Native
  } catch (cause) {
    throw (
      missingDescriptors() ??
      new SockError('ERR_SOCK_NATIVE_UNAVAILABLE', `Cannot use Unix datagrams: ${HOW_TO_BUILD}`, { cause })
    )
  }
}

/** Loading fails with one and the same code, whatever the system has refused: so it is asked for a descriptor once more. */
function missingDescriptors(): Error | undefined {
  try {
    closeSync(openSync(process.execPath, 'r'))
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? (error as Error) : undefined
  }
}

/**
 * npm and pnpm run install scripts only of packages that were approved; npm leaves out an optional package that cannot be built;
 * a module of another Node version does not load.
 */
const HOW_TO_BUILD =
  'the native module "unix-dgram" is not there, or was not built for this version of Node. ' +
  'To build it: `npm rebuild unix-dgram`, or where it is missing `npm install unix-dgram` (if npm says that it is not approved, ' +
  '`npm approve-scripts unix-dgram` first); or `pnpm approve-builds unix-dgram` and `pnpm rebuild unix-dgram`; ' +
  'the README of @sock/unixgram has the line for Yarn. It needs Python 3, make and a C++ compiler. ' +
  'Or do without, on Linux: `npm install @sock/native`, and give its engine as option "engine"'

function checked(status: number, syscall: string, path?: string): number {
  if (status < 0) throw systemError(status, syscall, path)
  return status
}

/** An error as Node makes them: `bind EACCES /run/app.sock`. */
function systemError(
  errno: number,
  syscall: string,
  path?: string,
): NodeJS.ErrnoException & { code: string } {
  const code = getSystemErrorName(errno)
  const error = new Error(`${syscall} ${code}${path === undefined ? '' : ` ${path}`}`)
  return Object.assign(error, { code, errno, syscall, ...(path === undefined ? {} : { path }) })
}

/** Made once: refusals are frequent, are mended by coming again, and a stack would tell nothing. */
const NO_ROOM = Object.assign(new Error('The queue of the receiver is full'), {
  code: 'EAGAIN',
  syscall: 'send',
})
