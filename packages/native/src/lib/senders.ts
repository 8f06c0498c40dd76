import type { Address, PeerCredentials } from '@sock/core'
import { ipAddress, unixAddress } from '@sock/core/transport'
import { PLACE_BITS, UNIX_FAMILY } from './numbers.js'

const PLACE_MASK = (1 << PLACE_BITS) - 1

/** What a socket can send to: IPv4 peers of an IPv6 socket are other addresses to the system than those of an IPv4 one. */
export type Family = 4 | 6 | typeof UNIX_FAMILY

/**
 * The addresses of those who have sent lately, one object each while it is known, and the tokens by which the addon knows
 * them: an answer then needs no address put together again.
 */
export class Senders {
  readonly #addresses: (Address | undefined)[] = Array.from({ length: PLACE_MASK + 1 })
  readonly #families = new Uint8Array(PLACE_MASK + 1)
  readonly #tokens = new WeakMap<Address, number>()
  /** Who is answered most. */
  #last: Address | undefined
  #lastToken = 0

  /** A place has a new owner, whom the addon calls like this. */
  add(token: number, name: unknown): void {
    const place = token & PLACE_MASK
    const address = addressOf(name)
    this.#addresses[place] = address
    if (address === undefined) return
    this.#families[place] = Array.isArray(name) ? (name[0].includes(':') ? 6 : 4) : UNIX_FAMILY
    this.#tokens.set(address, token)
  }

  /** @param place plus 1; 0 for a sender without a name */
  address(place: number): Address | undefined {
    return place === 0 ? undefined : this.#addresses[place - 1]
  }

  /** @returns 0 for whoever is not known to sockets of this family */
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

/** An address as the addon tells it; `undefined` for a socket without a name. */
export function addressOf(name: unknown): Address | undefined {
  if (Array.isArray(name)) return ipAddress(name[0] as string, name[1] as number)
  if (!Buffer.isBuffer(name) || name.length === 0) return undefined
  if (name[0] === 0) return unixAddress(`@${name.toString('utf8', 1)}`)
  const path = name.toString()
  // A relative path that looks like an abstract name.
  return unixAddress(path.startsWith('@') ? `./${path}` : path)
}

export function credentialsOf(value: unknown): PeerCredentials {
  const [pid, uid, gid] = value as [number, number, number]
  return Object.freeze({ pid, uid, gid })
}
