import { SockError, type UnixAddress } from '@sock/core'
import { unixAddress } from '@sock/core/transport'
import { inspect } from 'node:util'

/** Any name, or the address that `listen` resolved with. */
export type MemoryTarget = string | UnixAddress

/** Checks a target. @throws SockError `ERR_SOCK_INVALID_ADDRESS` */
export function parseMemoryTarget(target: MemoryTarget): UnixAddress {
  const name: unknown = isAddress(target) ? target.path : target
  if (typeof name === 'string' && name !== '') return unixAddress(name)
  throw new SockError('ERR_SOCK_INVALID_ADDRESS', `Invalid target ${inspect(target)}: expected a name`)
}

/** Whether it is an address: from JavaScript, a target may be anything. */
function isAddress(target: unknown): target is UnixAddress {
  return typeof target === 'object' && target !== null && (target as Partial<UnixAddress>).family === 'unix'
}
