import type { IpAddress } from '@sock/core'
import { ipAddress } from '@sock/core/transport'

/** A power of two: a port's low bits choose the place. */
const PLACES = 256

interface Sender {
  readonly address: IpAddress
  /** As Node calls it, which for an IPv4 peer of a dual-stack socket is its mapped address. */
  readonly host: string
}

/** Who has sent lately, so that a datagram from one of them, or an answer, costs no new address. Of those who share a place the last one is known. */
export class KnownSenders {
  readonly #places: (Sender | undefined)[] = Array.from({ length: PLACES })

  /** The address of a sender, always the same object while it is known. */
  address(host: string, port: number): IpAddress {
    const known = this.#places[port % PLACES]
    if (known !== undefined && known.address.port === port && known.host === host) return known.address
    const address = ipAddress(host, port)
    this.#places[port % PLACES] = { address, host }
    return address
  }

  /** What Node calls the host of an address that came from here, if it is still known. */
  host(address: IpAddress): string | undefined {
    const known = this.#places[address.port % PLACES]
    return known?.address === address ? known.host : undefined
  }
}
