import { SockError } from '@sock/core'

/**
 * Returns the error for an abstract name. unix-dgram passes names as C strings, and the first byte of an abstract
 * name is NUL.
 */
export function noAbstractNames(name: string): SockError {
  const message = `Cannot use the abstract name "${name}" for datagrams: unix-dgram supports only paths. Use a path, or the engine of @sock/native`
  return new SockError('ERR_SOCK_UNSUPPORTED', message)
}
