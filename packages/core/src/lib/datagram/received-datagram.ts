import type { Address } from '../address/address.js'
import type { Datagram, PeerCredentials } from '../channel/channel.js'
import type { DatagramSocket } from './socket.js'

/** A datagram as `receive()` and `datagrams()` give it, with the way back to its sender. */
export class ReceivedDatagram implements Datagram {
  readonly data: Buffer
  readonly remoteAddress: Address | undefined
  readonly truncated: boolean
  readonly peerCredentials: PeerCredentials | undefined
  readonly #socket: Pick<DatagramSocket, 'reply'>

  constructor(
    socket: Pick<DatagramSocket, 'reply'>,
    data: Buffer,
    from: Address | undefined,
    truncated: boolean,
    credentials: PeerCredentials | undefined,
  ) {
    this.#socket = socket
    this.data = data
    this.remoteAddress = from
    this.truncated = truncated
    this.peerCredentials = credentials
  }

  reply(data: Uint8Array | string): Promise<void> {
    return this.#socket.reply(data, this.remoteAddress)
  }
}
