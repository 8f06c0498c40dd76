import type { Socket } from 'node:net'
import { ipAddress, type Address } from '../../address/address.js'

/** The name of a socket that was gone before anybody asked. */
const UNSPECIFIED = ipAddress('0.0.0.0', 0)

/** This side of a socket; `0.0.0.0:0` for one that was gone before anybody asked. */
export function localIpAddress(socket: Socket): Address {
  const { localAddress, localPort } = socket
  return localAddress === undefined || localPort === undefined
    ? UNSPECIFIED
    : ipAddress(localAddress, localPort)
}

/** The peer of a socket; `undefined` for one that was gone before anybody asked. */
export function remoteIpAddress(socket: Socket): Address | undefined {
  const { remoteAddress, remotePort } = socket
  return remoteAddress === undefined || remotePort === undefined
    ? undefined
    : ipAddress(remoteAddress, remotePort)
}
