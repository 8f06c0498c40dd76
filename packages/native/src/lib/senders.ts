import type { Address, PeerCredentials } from '@sock/core'
import { ipAddress, unixAddress } from '@sock/core/transport'
import { PLACE_BITS, UNIX_FAMILY } from './numbers.js'

const PLACE_MASK = (1 << PLACE_BITS) - 1

/**
 * A socket family. For the system, IPv4 peers of an IPv6 socket have other addresses than those of an IPv4 socket.
 */
export type Family = 4 | 6 | typeof UNIX_FAMILY

/**
 * A cache of recent senders: one address object for each, and the token by which the addon knows it. So an answer
 * needs no new address.
 */
export class Senders {
  readonly #addresses: (Address | undefined)[] = Array.from({ length: PLACE_MASK + 1 })
  readonly #families = new Uint8Array(PLACE_MASK + 1)
  readonly #tokens = new WeakMap<Address, number>()
  /** The latest receiver, which most answers go to. */
  #last: Address | undefined
  #lastToken = 0

  /** Caches a new sender, which the addon calls by this token. */
  add(token: number, name: unknown): void {
    const place = token & PLACE_MASK
    const address = addressOf(name)
    this.#addresses[place] = address
    if (address === undefined) return
    this.#families[place] = Array.isArray(name) ? (name[0].includes(':') ? 6 : 4) : UNIX_FAMILY
    this.#tokens.set(address, token)
  }

  /** Returns the address of a sender. @param place its place plus 1; 0 for a sender without a name */
  address(place: number): Address | undefined {
    return place === 0 ? undefined : this.#addresses[place - 1]
  }

  /** Returns the token of an address; 0 if sockets of this family do not know it. */
  token(address: Address, family: Family): number {
    if (address !== this.#last) {
      const found = this.#tokens.get(address)
      if (found === undefined) return 0
      this.#last = address
      this.#lastToken = found
    }
    const place = this.#lastToken & PLACE_MASK
    return this.#addresses[place] === address && this.#families[place] === family ? this.#lastToken : 0
  }
}

/** Returns an address from the form that the addon uses; `undefined` for a socket without a name. */
export function addressOf(name: unknown): Address | undefined {
  if (Array.isArray(name)) return ipAddress(name[0] as string, name[1] as number)
  if (!Buffer.isBuffer(name) || name.length === 0) return undefined
  if (name[0] === 0) return unixAddress(`@${name.toString('utf8', 1)}`)
  const path = name.toString()
  // A relative path that begins with "@" looks like an abstract name.
  return unixAddress(path.startsWith('@') ? `./${path}` : path)
}

export function credentialsOf(value: unknown): PeerCredentials {
  const [pid, uid, gid] = value as [number, number, number]
  return Object.freeze({ pid, uid, gid })
}
