import { chmodSync, lchownSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'
import type { UnixEndpoint } from '../address/unix-target.js'

/** Sets the mode of a file. @throws the system's error, with a message that names "mode" and the value */
export function setMode(file: string, { mode, address }: UnixEndpoint): void {
  try {
    chmodSync(file, mode)
  } catch (error) {
    throw refused(address.path, `"mode" 0o${mode.toString(8)}`, error)
  }
}

/** Sets owner and group of a file. @throws the system's error, with a message that names the options and values */
export function setOwner(
  file: string,
  { uid, gid, address }: UnixEndpoint,
  own: { readonly uid: number | bigint; readonly gid: number | bigint },
): void {
  if (uid === undefined && gid === undefined) return
  try {
    lchownSync(file, uid ?? Number(own.uid), gid ?? Number(own.gid))
  } catch (error) {
    const user = uid === undefined ? '' : `"uid" ${uid}`
    const group = gid === undefined ? '' : `"gid" ${gid}`
    throw refused(address.path, [user, group].filter(Boolean).join(' and '), error)
  }
}

function refused(path: string, what: string, cause: unknown): Error {
  const { code, errno = 0, syscall } = cause as NodeJS.ErrnoException
  // The system's message would name the private folder in which the file is created.
  const why = getSystemErrorMap().get(errno)?.[1] ?? code
  const error = new Error(`Cannot set ${what} of "${path}": ${why}`, { cause })
  return Object.assign(error, { code, errno, syscall, path })
}
