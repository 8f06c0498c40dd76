import { isIP } from 'node:net'
import { formatAddress, ipAddress, type Address } from '../address/address.js'
import { parseIpTarget } from '../address/ip-target.js'
import { invalid } from '../address/target-parts.js'
import { parseUnixPath, type UnixName } from '../address/unix-target.js'
import { SockError } from '../errors/errors.js'

/**
 * Returns the destination of `send(data, 'host:port')`, or with Unix sockets of `send(data, path)`. Host names are
 * refused: a look-up per datagram would be a hidden delay, and a way to keep a server busy.
 *
 * @param family the family of the socket
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS` and similar codes
 */
export function parseDestination(to: string, family: Address['family']): Address {
  if (family === 'unix') return parseUnixPath(to).address
  const { host, port } = parseIpTarget(to, {})
  if (host === undefined) throw invalid(to, 'it has no host. Use "host:port" with an IP address')
  if (isIP(host) === 0) throw invalid(to, 'host names are not looked up for datagrams. Use an IP address')
  return ipAddress(host, port)
}

/**
 * Returns the destination of a Unix datagram.
 *
 * @internal
 * @throws SockError if it is not the address of a Unix socket, or not a valid one
 */
export function unixDestination(to: Address): UnixName {
  if (to.family === 'unix') return parseUnixPath(to)
  throw cannotSend(to, 'it is not the address of a Unix socket')
}

/**
 * Returns the error for an address that nothing can be sent to.
 *
 * @internal
 */
export function cannotSend(to: Address, why: string, cause?: unknown): SockError {
  const message = `Cannot send to "${formatAddress(to)}": ${why}`
  return new SockError('ERR_SOCK_INVALID_ADDRESS', message, cause === undefined ? {} : { cause })
}
