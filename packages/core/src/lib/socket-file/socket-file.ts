import { randomBytes } from 'node:crypto'
import { closeSync, constants, fchmodSync, linkSync, lstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, isAbsolute } from 'node:path'
import { ignore } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import { setMode, setOwner } from './file-access.js'
import { MAX_PATH_BYTES, type UnixEndpoint } from '../address/unix-target.js'

/**
 * Socket files that appear with their permissions, never replace anything but a dead socket, and go only if they are
 * still ours.
 *
 * The file system calls are synchronous on purpose: what must happen together happens together, at the cost of some
 * microseconds per `listen`.
 */

/** What tells one file from another, also after its number was used again. */
interface FileId {
  readonly dev: bigint
  readonly ino: bigint
  readonly birthtimeNs: bigint
}

/**
 * A socket file that we have made.
 *
 * @internal
 */
export interface SocketFile {
  /**
   * Removes the file if it is still ours. Only the first call does anything, and has to come while the socket is open:
   * once it is closed, its number may belong to the file of a successor.
   *
   * @throws a system error if it may not be removed, as after giving up the rights it was made with
   */
  remove(): void
}

/** Two servers may be at it at the same time; each round one of them gets on. */
const MAX_ROUNDS = 20
/** A claim is held for microseconds: one that is older was left by a process that was killed. */
const CLAIM_MAX_AGE = 10_000
/** How long a probe waits for the other end: to close at once would reset the connection of a server that greets. */
const PROBE_GOODBYE = 100

/**
 * Makes the socket file of a listener: binds it in a private folder beside the target, gives it mode and owner there,
 * and links it to its name, which fails if something has that name. There is no moment at which the name is
 * connectable with other permissions, and `process.umask` is not touched.
 *
 * Rejects with `ERR_SOCK_PATH_NOT_SOCKET`, `ERR_SOCK_PATH_IN_USE` or a system error, and leaves nothing then.
 *
 * @internal
 * @param bind opens the listener at a path; closed again here when a later step fails
 */
export async function createSocketFile<
  Listener extends {
    /** Closes it; called when a step after the bind fails. */
    close(): Promise<void>
  },
>(
  endpoint: UnixEndpoint,
  bind: (path: string) => Promise<Listener>,
): Promise<{
  /** What `bind` resolved with. */
  readonly listener: Listener
  /** Its socket file. */
  readonly file: SocketFile
}> {
  const path = absolute(endpoint.path)
  await inspect(path)
  const folder = makePrivateFolder(path)
  let listener: Listener | undefined
  try {
    const hidden = `${folder}/${randomBytes(4).toString('hex')}`
    listener = await withShortPath(hidden, bind)
    setMode(hidden, endpoint)
    setOwner(hidden, endpoint, lstatSync(hidden))
    const id = fileId(hidden) as FileId
    await linkTo(hidden, path)
    return { listener, file: createFile(path, id) }
  } catch (error) {
    await listener?.close()
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * How to bind a datagram socket, and how to look at what is at a path. Both are done at once.
 *
 * @internal
 */
export interface SocketFileActions {
  /** Gives the socket this name. @throws the system's error */
  readonly bind: (name: string) => void
  /** Connects another socket to this name. @returns why that failed */
  readonly probe: (name: string) => NodeJS.ErrnoException | undefined
  /** That of the socket. On Linux its mode becomes that of the file, so that `process.umask` is not touched. Default: none is known. */
  readonly descriptor?: number | undefined
}

/**
 * Makes the socket file of a datagram socket. Replies carry the name that was bound, so it is bound in place; and all is
 * done in one go, since without a descriptor `process.umask` is another one meanwhile.
 *
 * @internal
 * @throws SockError `ERR_SOCK_PATH_NOT_SOCKET` or `ERR_SOCK_PATH_IN_USE`, or a system error; nothing is left then
 */
export function bindSocketFile(endpoint: UnixEndpoint, actions: SocketFileActions): SocketFile {
  const path = absolute(endpoint.path)
  const name = bindable(endpoint.path)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const stat = findSocket(path)
    const dead = stat === undefined ? undefined : judge(path, stat, actions.probe(name))
    if (dead !== undefined) removeDead(path, dead)
    try {
      bindWithMode(endpoint, name, actions)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      continue
    }
    return createFile(path, finish(path, endpoint))
  }
  throw othersStart(path)
}

/**
 * Lets the file appear with its mode, and not with one that has to be taken back. What the umask takes away, and bits that
 * would be given to the wrong group, come with {@link finish}.
 */
function bindWithMode({ mode, gid }: UnixEndpoint, name: string, actions: SocketFileActions): void {
  const first = gid === undefined ? mode : mode & ~0o070
  if (actions.descriptor !== undefined && process.platform === 'linux') {
    // Linux makes the file with the mode of the socket, less the umask, which in a worker thread cannot be set.
    fchmodSync(actions.descriptor, first)
    actions.bind(name)
    return
  }
  // Other threads of the process may create files at this moment: they get the same mode.
  const before = process.umask(~first & 0o777)
  try {
    actions.bind(name)
  } finally {
    process.umask(before)
  }
}

/** Gives a file that was just made its owner and mode, or removes it. */
function finish(path: string, endpoint: UnixEndpoint): FileId {
  const found = lstatSync(path, { bigint: true })
  try {
    setOwner(path, endpoint, found)
    if ((Number(found.mode) & 0o777) !== endpoint.mode) setMode(path, endpoint)
    if (!isFile(path, found)) throw othersStart(path)
    return found
  } catch (error) {
    if (isFile(path, found)) rmSync(path, { force: true })
    throw error
  }
}

/**
 * The name of a socket file that is the same from everywhere; or the one given, if the system cannot take that.
 *
 * @internal
 */
export function bindable(path: string): string {
  const full = absolute(path)
  return fits(full) ? full : path
}

/**
 * The path from the root, since the process may go to another folder while this is under way, or later. What
 * `path.resolve()` and `path.join()` do beyond that is wrong for files: `a/..` is another folder if `a` is a symlink.
 */
function absolute(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`
}

function createFile(path: string, id: FileId): SocketFile {
  let isRemoved = false
  return {
    remove() {
      if (isRemoved) return
      isRemoved = true
      if (isFile(path, id)) rmSync(path, { force: true })
    },
  }
}

/** A folder beside `path` that nobody else can enter. */
function makePrivateFolder(path: string): string {
  try {
    return mkdtempSync(`${dirname(path)}/.sock-`)
  } catch (error) {
    // Not that of a folder which nobody knows.
    throw Object.assign(error as Error, { path })
  }
}

/**
 * Hands over a path that fits a socket address: where `path` itself is too long, one by way of a descriptor of its
 * folder.
 */
async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (fits(path)) return use(path)
  const descriptor = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const short = `/proc/self/fd/${descriptor}/${basename(path)}`
    if (process.platform === 'linux' && fits(short)) return await use(short)
  } finally {
    closeSync(descriptor)
  }
  throw new SockError(
    'ERR_SOCK_PATH_TOO_LONG',
    `Cannot use the socket path "${path}": it is too long to be used safely. Use a shorter one`,
  )
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES
}

/**
 * What is at `path`: nothing, or a dead socket, whose id is returned.
 *
 * @throws SockError for anything that must not be touched
 */
async function inspect(path: string): Promise<FileId | undefined> {
  const stat = findSocket(path)
  return stat === undefined ? undefined : judge(path, stat, await withShortPath(path, probe))
}

/** @throws SockError if there is something else than a socket */
function findSocket(path: string): FileId | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined || stat.isSocket()) return stat
  throw new SockError(
    'ERR_SOCK_PATH_NOT_SOCKET',
    `Cannot listen on "${path}": there is something else than a socket. Look what it is, and remove it or choose another path`,
  )
}

/**
 * @param cause why nobody could connect to the socket `id` at `path`
 * @returns the id if it is dead, and nothing if it is gone
 * @throws SockError if it may be alive
 */
function judge(path: string, id: FileId, cause: NodeJS.ErrnoException | undefined): FileId | undefined {
  // Only a socket that nobody has bound refuses; any other answer, or none, may come from one that lives.
  if (cause?.code === 'ECONNREFUSED') return id
  if (cause?.code === 'ENOENT') return undefined
  const details = cause === undefined ? {} : { cause }
  const why =
    cause?.code === 'EACCES'
      ? 'another socket is there, and no permission to find out whether it is in use. Choose another path, or run as its user'
      : 'another socket is in use there. Stop its server, or choose another path'
  throw new SockError('ERR_SOCK_PATH_IN_USE', `Cannot listen on "${path}": ${why}`, details)
}

/** Connects and goes away, politely. @returns why it failed, or nothing if somebody answered */
function probe(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((settle) => {
    const socket = connect({ path })
    socket.once('error', settle)
    socket.once('connect', () => {
      const goodbye = setTimeout(() => socket.destroy(), PROBE_GOODBYE)
      socket.off('error', settle).on('error', ignore)
      socket.once('close', () => {
        clearTimeout(goodbye)
        settle(undefined)
      })
      socket.resume().end()
    })
  })
}

/** Gives the socket at `hidden` its name; if a dead socket has it, that goes first. */
async function linkTo(hidden: string, path: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    try {
      linkSync(hidden, path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const dead = await inspect(path)
    if (dead !== undefined) removeDead(path, dead)
  }
  throw othersStart(path)
}

function othersStart(path: string): SockError {
  return new SockError(
    'ERR_SOCK_PATH_IN_USE',
    `Cannot listen on "${path}": other servers start there too. Let only one of them use this path`,
  )
}

/**
 * Removes a dead socket, and nothing that came to its place since it was looked at. Of several who want to, one has the
 * claim: a link to the dead socket, whose name is made from the socket's number, and which therefore exists once. Nobody
 * removes a socket without the claim to it, so what the winner puts in its place is safe from the others.
 */
function removeDead(path: string, dead: FileId): void {
  const claim = `${dirname(path)}/.${basename(path)}.${dead.ino}.dead`
  try {
    linkSync(path, claim)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    if (code !== 'EEXIST') throw inUse(path, error)
    const left = lstatSync(claim, { throwIfNoEntry: false })
    if (left !== undefined && Date.now() - left.ctimeMs > CLAIM_MAX_AGE) rmSync(claim, { force: true })
    return
  }
  try {
    if (isFile(claim, dead)) rmSync(path, { force: true })
  } finally {
    rmSync(claim, { force: true })
  }
}

function inUse(path: string, cause: unknown): SockError {
  const message = `Cannot listen on "${path}": the dead socket there cannot be removed. Remove it as its owner, or choose another path`
  return new SockError('ERR_SOCK_PATH_IN_USE', message, { cause })
}

function fileId(path: string): FileId | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function isFile(path: string, id: FileId): boolean {
  const found = fileId(path)
  return found?.ino === id.ino && found.dev === id.dev && found.birthtimeNs === id.birthtimeNs
}
