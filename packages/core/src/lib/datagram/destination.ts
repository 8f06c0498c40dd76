import { isIP } from 'node:net'
import { formatAddress, ipAddress, type Address } from '../address/address.js'
import { invalid, parseIpTarget } from '../address/ip-target.js'
import { parseUnixPath, type UnixName } from '../address/unix-target.js'
import { SockError } from '../errors/errors.js'

/**
 * Where `send(data, 'host:port')` goes, or with Unix sockets `send(data, path)`. Names of hosts are refused: a look-up per
 * datagram would be a delay, and a way to keep a server busy, that nobody sees.
 *
 * @param family that of the socket
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS` and the like
 */
export function parseDestination(to: string, family: Address['family']): Address {
  if (family === 'unix') return parseUnixPath(to).address
  const { host, port } = parseIpTarget(to, {})
  if (host === undefined) throw invalid(to, 'it names no host to send to')
  if (isIP(host) === 0) throw invalid(to, 'names are not looked up for a datagram, use an IP address')
  return ipAddress(host, port)
}

/**
 * Where a Unix datagram goes. @throws SockError if that is not an address one can send to
 *
 * @internal
 */
export function unixDestination(to: Address): UnixName {
  if (to.family === 'unix') return parseUnixPath(to)
  throw cannotSend(to, 'not the address of a Unix socket')
}

/**
 * The error for an address that nothing can be sent to.
 *
 * @internal
 */
export function cannotSend(to: Address, why: string, cause?: unknown): SockError {
  const message = `Cannot send to "${formatAddress(to)}": ${why}`
  return new SockError('ERR_SOCK_INVALID_ADDRESS', message, cause === undefined ? {} : { cause })
}
