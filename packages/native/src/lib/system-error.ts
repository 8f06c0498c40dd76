import { getSystemErrorMap } from 'node:util'

/** Properties of a system error as Node has them: https://nodejs.org/api/errors.html#class-systemerror */
export interface Details {
  readonly address?: string
  readonly port?: number
  /** Of a Unix datagram socket, as with Node's engine. For Unix streams Node uses `address`. */
  readonly path?: string
}

/** A copy of Node's table, since Node copies it for each call. */
let known: ReturnType<typeof getSystemErrorMap> | undefined

/** Returns an error in Node's form: `connect ECONNREFUSED 127.0.0.1:80`. */
export function systemError(errno: number, syscall: string, details: Details = {}): NodeJS.ErrnoException {
  // Node uses libuv's error numbers, on Linux the system's with a minus sign.
  known ??= getSystemErrorMap()
  const [code = `E${errno}`] = known.get(-errno) ?? []
  const { path, address = path, port } = details
  const where = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${port}`}`
  return Object.assign(new Error(`${syscall} ${code}${where}`), {
    errno: -errno,
    code,
    syscall,
    ...details,
  })
}

/** Returns an error about an option of a socket. @param what begins the message: what failed, with the name of the option */
export function optionError(errno: number, syscall: string, what: string): NodeJS.ErrnoException {
  const cause = systemError(errno, syscall)
  const why = known?.get(-errno)?.[1] ?? 'the system refused it'
  const error = new Error(`${what}: ${why} (${cause.code})`, { cause })
  return Object.assign(error, { errno: -errno, code: cause.code, syscall })
}
