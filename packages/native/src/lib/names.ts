import type { Address, PeerCredentials, UnixAddress } from '@sock/core'
import { ipAddress, unixAddress } from '@sock/core/transport'
import type { Loop } from './loop.js'

/**
 * Addresses of the connections of one listener, or of one client call, shared so that a port needs no functions of
 * its own.
 */
export interface Names {
  localAddress(loop: Loop, slot: number): Address
  remoteAddress(loop: Loop, slot: number): Address | undefined
  peerCredentials?(loop: Loop, slot: number): PeerCredentials | undefined
  /** Whether they run over TCP, which has a RST. */
  readonly canReset: boolean
}

/** The address of a socket that was closed before its address was read. */
export const UNSPECIFIED = ipAddress('0.0.0.0', 0)
/** A Unix client itself has no name. */
const UNNAMED = unixAddress('')

export const ipNames: Names = {
  canReset: true,
  localAddress: (loop, slot) => ipName(loop, slot, false) ?? UNSPECIFIED,
  remoteAddress: (loop, slot) => ipName(loop, slot, true),
}

/** Returns the addresses of connections accepted at this address. */
export function acceptedNames(address: UnixAddress): Names {
  return { canReset: false, localAddress: () => address, remoteAddress: () => undefined, peerCredentials }
}

/** Returns the addresses of connections made to this address. */
export function dialledNames(address: UnixAddress): Names {
  return { canReset: false, localAddress: () => UNNAMED, remoteAddress: () => address, peerCredentials }
}

export function ipName(loop: Loop, slot: number, ofPeer: boolean): Address | undefined {
  const name = loop.addon.name(slot, ofPeer)
  return Array.isArray(name) ? ipAddress(name[0], name[1]) : undefined
}

function peerCredentials(loop: Loop, slot: number): PeerCredentials | undefined {
  const [pid, uid, gid] = loop.addon.credentials(slot) ?? []
  return pid === undefined || uid === undefined || gid === undefined ? undefined : { pid, uid, gid }
}
