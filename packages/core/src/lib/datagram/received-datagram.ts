import type { Address } from '../address/address.js'
import type { Datagram, PeerCredentials } from '../channel/channel.js'

/** Sends the answers to received datagrams. */
export interface Replier {
  /** @param to the sender; `undefined` if it has no name */
  reply(data: Uint8Array | string, to: Address | undefined): Promise<void>
}

/** A datagram as `receive()` and `datagrams()` return it; it can answer its sender. */
export class ReceivedDatagram implements Datagram {
  readonly data: Buffer
  readonly remoteAddress: Address | undefined
  readonly truncated: boolean
  readonly peerCredentials: PeerCredentials | undefined
  readonly #replier: Replier

  constructor(
    replier: Replier,
    data: Buffer,
    from: Address | undefined,
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ) {
    this.#replier = replier
    this.data = data
    this.remoteAddress = from
    this.truncated = truncated
    this.peerCredentials = credentials
  }

  reply(data: Uint8Array | string): Promise<void> {
    return this.#replier.reply(data, this.remoteAddress)
  }
}
