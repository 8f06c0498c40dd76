import type { IpAddress } from '@sock/core'
import { ipAddress } from '@sock/core/transport'

/** A power of two: the low bits of a port select the place. */
const PLACES = 256

interface Sender {
  readonly address: IpAddress
  /** The host as Node writes it; for an IPv4 peer of a dual-stack socket the mapped address. */
  readonly host: string
}

/**
 * A cache of recent senders, so that their datagrams and the answers to them need no new address object. A new sender
 * replaces the one in its place.
 */
export class KnownSenders {
  readonly #places: (Sender | undefined)[] = Array.from({ length: PLACES })

  /** Returns the address of a sender: the same object as long as it is cached. */
  address(host: string, port: number): IpAddress {
    const known = this.#places[port % PLACES]
    if (known !== undefined && known.address.port === port && known.host === host) return known.address
    const address = ipAddress(host, port)
    this.#places[port % PLACES] = { address, host }
    return address
  }

  /** Returns the host of a cached address as Node writes it; `undefined` if it is not cached any more. */
  host(address: IpAddress): string | undefined {
    const known = this.#places[address.port % PLACES]
    return known?.address === address ? known.host : undefined
  }
}
