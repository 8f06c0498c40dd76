import { SockError } from '@sock/core'
import { AsyncResource } from 'node:async_hooks'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { isMainThread } from 'node:worker_threads'

/**
 * The native half of unix-dgram 2.0.7, with all its rules. Its JavaScript half is not used: it throws where no code
 * can catch (a failed recvmsg), reports error codes as numbers, and reports errors by events.
 * https://github.com/bnoordhuis/node-unix-dgram/blob/v2.0.7/src/unix_dgram.cc
 *
 * Functions return 0, or what is documented here, or a negative errno. Wrong types, a wrong number of arguments, or a
 * closed file descriptor end the process by an assertion. So only {@link UnixDgramSocket} calls them.
 */
interface Native {
  readonly AF_UNIX: number
  readonly SOCK_DGRAM: number
  /**
   * Opens a non-blocking socket that is closed on exec. Reading starts at once, and cannot be paused. The event loop
   * of the main thread watches it, whichever thread calls.
   *
   * Callbacks come from outside of JavaScript. With Node 26, promises and `process.nextTick` callbacks that they
   * start do not run before something else happens in the process ({@link CALLBACKS_ARE_WHOLE}), and closing the
   * socket in one can end the process.
   *
   * @param received called with one message per turn of the event loop; `data` is null if `status` is an error,
   * `path` is null for a sender without a name or with an abstract one
   * @param writable called once after a `send` that returned 1
   * @returns the file descriptor
   */
  socket(
    family: number,
    type: number,
    protocol: number,
    received: (status: number, data: Buffer | null, path: string | null) => void,
    writable: () => void,
  ): number
  /**
   * Like `connect`, truncates a path at 107 bytes and at a NUL without an error, so abstract names cannot be used.
   */
  bind(fd: number, path: string): number
  connect(fd: number, path: string): number
  /** Sends on a connected socket. Returns 1 if there is no room, and then calls `writable` when there may be some. */
  send(fd: number, data: Uint8Array): number
  /** Returns -EAGAIN if there is no room, and does not report when there is. */
  sendto(fd: number, data: Uint8Array, offset: number, length: number, path: string): number
  /** Ends the process for a file descriptor that is closed already, or from a callback of the same socket. */
  close(fd: number): number
}

/** The events of a socket. */
export interface UnixDgramEvents {
  /** A message has arrived. @param path the name of the sender, if it has one that the native module can return */
  received(data: Buffer, path: string | undefined, truncated: boolean): void
  /** There may be room again for what `send` refused with EAGAIN. */
  writable(): void
  /** Receiving failed. The socket stays open. */
  failed(error: Error): void
  /** The file descriptor is closed. */
  closed(): void
}

/**
 * The size of the receive buffer. Longer messages are truncated without notice, so a message of exactly this length
 * counts as truncated.
 */
export const RECEIVE_BUFFER = 65_536

/** A Unix datagram socket, safe against misuse of the native module. */
export class UnixDgramSocket {
  /** The file descriptor. After the socket is closed, another file may have its number. */
  readonly fd: number
  readonly #native: Native
  readonly #events: UnixDgramEvents
  /** An asynchronous context of its own, as Node's sockets have: the native module calls back without one. */
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

  /** Binds the socket to a path, which creates the file. @throws the system's error */
  bind(path: string): void {
    checked(this.#native.bind(this.fd, path), 'bind', path)
  }

  /**
   * Makes `path` the peer: from then on no other socket can send to this one. It may be called again.
   *
   * @throws the system's error
   */
  connect(path: string): void {
    checked(this.#native.connect(this.fd, path), 'connect', path)
  }

  /** Sends to the peer. @returns the error if it failed; after `EAGAIN` (no room) `writable` is called */
  send(data: Uint8Array): Error | undefined {
    const status = this.#native.send(this.fd, data)
    if (status === 0) return undefined
    return status > 0 ? NO_ROOM : systemError(status, 'send')
  }

  /** Sends to `path`. @returns the error if it failed; after `EAGAIN` (no room) nothing is called */
  sendTo(data: Uint8Array, path: string): Error | undefined {
    const status = this.#native.sendto(this.fd, data, 0, data.length, path)
    if (status === 0) return undefined
    const error = systemError(status, 'send', path)
    return error.code === NO_ROOM.code ? NO_ROOM : error
  }

  /** Stops all events now, and closes the file descriptor soon. Does nothing when closed. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    // Code that runs before `setImmediate` may be inside a callback of the native module.
    setImmediate(() => {
      // The descriptor is gone whatever close(2) returns.
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
    // Another process has read the message: the file descriptor was passed to it.
    if (error.code !== NO_ROOM.code) this.#events.failed(error)
  }
}

/**
 * Whether promises and `process.nextTick` callbacks run after each callback of the native module. They do with Node
 * 20, 22 and 24, not with 26. It cannot be detected at run time: another callback in the same turn may run them.
 */
export const CALLBACKS_ARE_WHOLE = Number.parseInt(process.versions.node, 10) <= 24

let loaded: Native | undefined

/**
 * Loads the native module if that is possible now: later the process may be another user, who may not read it (`setuid`).
 * Otherwise, the first socket tries again, and throws the reason.
 */
export function preloadUnixDgram(): void {
  try {
    native()
  } catch {
    // The caller opens no socket yet.
  }
}

function native(): Native {
  if (!isMainThread) {
    const message =
      'Cannot use Unix datagrams in a worker thread: unix-dgram works in the main thread only. ' +
      'Use the engine of @sock/native'
    throw new SockError('ERR_SOCK_UNSUPPORTED', message)
  }
  loaded ??= loadUnixDgram(here)
  return loaded
}

/** The location of this file, or of the bundle it is part of: in a CommonJS bundle `import.meta` is empty. */
const here = (import.meta.url as string | undefined) ?? __filename

/** The folder of the addon in the package, and its name. */
const BUILT = ['build/Release', 'unix_dgram.node'] as const

/**
 * Loads the native module, resolved from the module at `from`.
 *
 * @throws SockError `ERR_SOCK_NATIVE_UNAVAILABLE`, which says whether it is missing, was not built, cannot be read or
 * cannot be loaded; or the system's error, such as `EMFILE`
 */
export function loadUnixDgram(from: string): Native {
  const require = createRequire(from)
  let folder: string | undefined
  try {
    folder = dirname(require.resolve('unix-dgram/package.json'))
    return require(join(folder, ...BUILT)) as Native
  } catch (error) {
    throw missingDescriptors() ?? unavailable(require, folder, error as NodeJS.ErrnoException)
  }
}

/** What Node says of a module in a folder that this user may not enter. The second is Node 26's. */
const HIDDEN: ReadonlySet<string | undefined> = new Set(['MODULE_NOT_FOUND', 'ERR_INVALID_PACKAGE_CONFIG'])

/** @param folder that of unix-dgram, if it was found */
function unavailable(
  require: NodeJS.Require,
  folder: string | undefined,
  error: NodeJS.ErrnoException,
): SockError {
  const closed = HIDDEN.has(error.code) ? findClosedFolder(require, folder) : undefined
  const cause = closed ?? error
  const reason = closed === undefined ? `${reasonOf(error, folder)}. ${HOW_TO_BUILD}` : notReadable(closed)
  const message = `Cannot use Unix datagrams: the native module "unix-dgram" ${reason}`
  return new SockError('ERR_SOCK_NATIVE_UNAVAILABLE', message, { cause })
}

function reasonOf({ code, message }: NodeJS.ErrnoException, folder: string | undefined): string {
  if (code !== 'MODULE_NOT_FOUND') return `cannot be loaded: ${message.replaceAll(/\s+/g, ' ').trim()}`
  return folder === undefined ? 'is not installed' : 'was not built'
}

const notReadable = ({ message }: Error): string =>
  `cannot be read: ${message}. ` +
  'Let the user of this process enter that folder. ' +
  'Or, if the process changes its user, first call createUnixgramServer() or connectUnixgram(), which load the module'

/**
 * Returns the error of the first folder that this user may not enter, among those where the module may be. Node's resolver
 * takes such a folder for one that does not exist.
 */
function findClosedFolder(require: NodeJS.Require, folder: string | undefined): Error | undefined {
  const installed = require.resolve.paths('unix-dgram') ?? []
  const places = folder === undefined ? installed.map((path) => join(path, 'unix-dgram')) : [folder]
  return places
    .map((place) => obstacleOf(join(place, BUILT[0])))
    .find((error) => error !== undefined && error.code !== 'ENOENT' && error.code !== 'ENOTDIR')
}

/** Returns the error of the topmost part of a path that this user cannot enter. */
function obstacleOf(path: string): NodeJS.ErrnoException | undefined {
  const parent = dirname(path)
  const above = parent === path ? undefined : obstacleOf(parent)
  if (above !== undefined) return above
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/**
 * Returns EMFILE or ENFILE if that is why loading failed. The loader reports one code for everything, so this opens a
 * file again.
 */
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
 * npm and pnpm run install scripts only of approved packages; npm leaves out an optional package that cannot be
 * built; a module for another Node version does not load.
 */
const HOW_TO_BUILD =
  'With npm, run `npm rebuild unix-dgram`. ' +
  'If it is missing, run `npm install unix-dgram`. ' +
  'If npm has not approved it, run `npm approve-scripts unix-dgram` first. ' +
  'With pnpm, run `pnpm approve-builds unix-dgram`, then `pnpm rebuild unix-dgram`. ' +
  'With Yarn, see the README of @sock/unixgram. ' +
  'The build needs Python 3, make and a C++ compiler. ' +
  'On Linux, `npm install @sock/native` needs no build. Pass its engine as the option "engine"'

function checked(status: number, syscall: string, path?: string): number {
  if (status < 0) throw systemError(status, syscall, path)
  return status
}

/** Returns an error in Node's form: `bind EACCES /run/app.sock`. */
function systemError(
  errno: number,
  syscall: string,
  path?: string,
): NodeJS.ErrnoException & { code: string } {
  const code = getSystemErrorName(errno)
  const error = new Error(`${syscall} ${code}${path === undefined ? '' : ` ${path}`}`)
  return Object.assign(error, { code, errno, syscall, ...(path === undefined ? {} : { path }) })
}

/** Created once: a full queue is frequent, sending is retried, and a stack would not help. */
const NO_ROOM = Object.assign(new Error('The queue of the receiver is full'), {
  code: 'EAGAIN',
  syscall: 'send',
})
