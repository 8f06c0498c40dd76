import { getSystemErrorMap } from 'node:util'

/** What a system error of Node's carries: https://nodejs.org/api/errors.html#class-systemerror */
export interface Details {
  readonly address?: string
  readonly port?: number
  /** Of a Unix datagram socket, as with the sockets of Node's engine; of a stream it is the address, as with those of Node. */
  readonly path?: string
}

/** Node makes a new copy of the whole table at each call. */
let known: ReturnType<typeof getSystemErrorMap> | undefined

/** An error as Node would make it of this errno: `connect ECONNREFUSED 127.0.0.1:80`. */
export function systemError(errno: number, syscall: string, details: Details = {}): NodeJS.ErrnoException {
  // Node has them by libuv's numbers, which on Linux are the system's with a minus.
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
