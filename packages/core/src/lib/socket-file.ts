import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
} from 'node:fs'
import { connect } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { SockError } from './errors.js'
import { MAX_PATH_BYTES, type UnixEndpoint } from './unix-target.js'

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

/** A socket file that we have made. */
export interface SocketFile {
  /** Removes the file if it is still ours. Call it while the socket is open, so that its number is not used again. */
  remove(): void
}

/** Two servers may be at it at the same time; each round one of them gets on. */
const MAX_ROUNDS = 20
/** A claim is held for microseconds: one that is older was left by a process that was killed. */
const CLAIM_MAX_AGE = 10_000

/**
 * Makes the socket file of a listener: binds it in a private folder beside the target, gives it mode and owner there,
 * and links it to its name, which fails if something has that name. There is no moment at which the name is
 * connectable with other permissions, and `process.umask` is not touched.
 *
 * Rejects with `ERR_SOCK_PATH_NOT_SOCKET`, `ERR_SOCK_PATH_IN_USE` or a system error, and leaves nothing then.
 *
 * @param bind opens the listener at a path; closed again here when a later step fails
 */
export async function createSocketFile<Listener extends { close(): Promise<void> }>(
  endpoint: UnixEndpoint,
  bind: (path: string) => Promise<Listener>,
): Promise<{ listener: Listener; file: SocketFile }> {
  const { path } = endpoint
  // Later, the process may have changed its folder.
  const absolute = resolve(path)
  await inspect(path)
  const folder = makePrivateFolder(path)
  let listener: Listener | undefined
  try {
    const name = randomBytes(4).toString('hex')
    const hidden = join(folder, name)
    listener = await bindIn(folder, name, bind)
    chmodSync(hidden, endpoint.mode)
    if (endpoint.uid !== undefined || endpoint.gid !== undefined) {
      const own = lstatSync(hidden)
      chownSync(hidden, endpoint.uid ?? own.uid, endpoint.gid ?? own.gid)
    }
    const id = fileId(hidden) as FileId
    await linkTo(hidden, path)
    return { listener, file: { remove: () => removeIf(absolute, id) } }
  } catch (error) {
    await listener?.close()
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder beside `path` that nobody else can enter. */
function makePrivateFolder(path: string): string {
  try {
    return mkdtempSync(join(dirname(path), '.sock-'))
  } catch (cause) {
    const { code, errno, syscall, message } = cause as NodeJS.ErrnoException
    const error = new Error(`Cannot create a socket file in "${dirname(resolve(path))}": ${message}`, {
      cause,
    })
    throw Object.assign(error, { code, errno, syscall, path })
  }
}

/** Binds `name` in `folder`, by way of a descriptor where the whole path would be too long for the system. */
async function bindIn<Listener>(
  folder: string,
  name: string,
  bind: (path: string) => Promise<Listener>,
): Promise<Listener> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return bind(path)
  if (process.platform !== 'linux') {
    throw new SockError('ERR_SOCK_PATH_TOO_LONG', `Socket path is too long to be made safely: "${path}"`)
  }
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return await bind(`/proc/self/fd/${descriptor}/${name}`)
  } finally {
    closeSync(descriptor)
  }
}

/** Removes the file at `path` if it is this one. */
function removeIf(path: string, id: FileId): void {
  if (isFile(path, id)) unlinkSync(path)
}

/**
 * What is at `path`: nothing, or a dead socket, whose id is returned.
 *
 * @throws SockError for anything that must not be touched
 */
async function inspect(path: string): Promise<FileId | undefined> {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (!stat.isSocket()) {
    throw new SockError(
      'ERR_SOCK_PATH_NOT_SOCKET',
      `Cannot listen on "${path}": there is something else than a socket`,
    )
  }
  const cause = await probe(path)
  // Only a socket that nobody has bound refuses; any other answer, or none, may come from one that lives.
  if (cause?.code === 'ECONNREFUSED') return stat
  if (cause?.code === 'ENOENT') return undefined
  const details = cause === undefined ? {} : { cause }
  throw new SockError(
    'ERR_SOCK_PATH_IN_USE',
    `Cannot listen on "${path}": another socket is in use there`,
    details,
  )
}

/** Connects and goes away at once. @returns why it failed, or nothing if somebody answered */
function probe(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((settle) => {
    const socket = connect({ path })
    socket.once('error', settle)
    socket.once('connect', () => {
      socket.destroy()
      settle(undefined)
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
  throw new SockError('ERR_SOCK_PATH_IN_USE', `Cannot listen on "${path}": other servers start there too`)
}

/**
 * Removes a dead socket, and nothing that came to its place since it was looked at. Of several who want to, one has the
 * claim: a link to the dead socket, whose name is made from the socket's number, and which therefore exists once. Nobody
 * removes a socket without the claim to it, so what the winner puts in its place is safe from the others.
 */
function removeDead(path: string, dead: FileId): void {
  const claim = join(dirname(path), `.${basename(path)}.${dead.ino}.dead`)
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
    if (isFile(claim, dead)) unlinkSync(path)
  } finally {
    unlinkSync(claim)
  }
}

function inUse(path: string, cause: unknown): SockError {
  const message = `Cannot listen on "${path}": the dead socket there cannot be removed`
  return new SockError('ERR_SOCK_PATH_IN_USE', message, { cause })
}

function fileId(path: string): FileId | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function isFile(path: string, id: FileId): boolean {
  const found = fileId(path)
  return found?.ino === id.ino && found.dev === id.dev && found.birthtimeNs === id.birthtimeNs
}
