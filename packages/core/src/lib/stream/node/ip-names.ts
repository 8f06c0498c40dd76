import type { Socket } from 'node:net'
import { ipAddress, type Address } from '../../address/address.js'

/** The address of a socket that was closed before its address was read. */
const UNSPECIFIED = ipAddress('0.0.0.0', 0)

/** Returns the address of this side; `0.0.0.0:0` if the socket was closed before. */
export function localIpAddress(socket: Socket): Address {
  const { localAddress, localPort } = socket
  return localAddress === undefined || localPort === undefined
    ? UNSPECIFIED
    : ipAddress(localAddress, localPort)
}

/** Returns the address of the peer; `undefined` if the socket was closed before. */
export function remoteIpAddress(socket: Socket): Address | undefined {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined || remotePort === undefined
    ? undefined
    : ipAddress(remoteAddress, remotePort)
}
