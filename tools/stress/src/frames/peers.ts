import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Address, DatagramChannel } from '@sock/core'
import { UNREACHABLE } from '../world/datagrams.js'
import { never, type Pledges } from '../world/pledges.js'
import type { Feed } from './feed.js'
import { malformed, write } from './naive.js'
import type { CodecSpec } from './codecs.js'
import type { Act, Part } from './program.js'

/** Bytes that codecs look for, so that a part of a delimiter is often followed by something else. */
const TEXT = Buffer.from('abcdefg\r0123:, ab\xc3\xa9\xff;a', 'latin1')

/** The largest part of a datagram: a few of them fit into a receive buffer. */
const LARGEST = 500

/** Makes what peers send. The same part is different bytes each time. */
export class Content {
  readonly #spec: CodecSpec
  readonly #limit: number
  /** Every frame of a datagram says whose it is. */
  readonly #head: string
  #count = 0

  constructor(spec: CodecSpec, head = '') {
    this.#spec = spec
    this.#limit = spec.maxBytes ?? 0
    this.#head = head
  }

  make({ what, size }: Part): Buffer {
    const turn = (this.#count += 1) - 1
    if (what === 'malformed') return malformed(this.#spec)
    if (what === 'large' && !(this.#head !== '' && this.#limit > LARGEST))
      return write(this.#spec, this.#body(this.#limit + size, turn), turn)
    const body = this.#body(size, turn)
    return what === 'junk' ? body : write(this.#spec, body, turn)
  }

  #body(size: number, turn: number): Buffer {
    const head = `${this.#head}${turn} `
    const bytes = Buffer.alloc(Math.max(size, this.#head === '' ? 0 : head.length))
    for (let at = 0; at < bytes.length; at++)
      bytes[at] = TEXT[(turn * 7 + at * 5 + (at >> 4)) % TEXT.length] ?? 0
    bytes.write(head.slice(0, bytes.length), 'latin1')
    return bytes
  }
}

/** A socket of Node that sends frames in pieces. */
export class StreamPeer {
  readonly feed: Feed
  readonly #socket: Socket
  readonly #stream: Socket
  readonly #content: Content
  /** What it holds back. */
  #kept = Buffer.alloc(0)

  /** @param stream what it writes to: the socket, or TLS on top of it */
  constructor(feed: Feed, socket: Socket, stream = socket) {
    this.feed = feed
    this.#socket = socket
    this.#stream = stream
    this.#content = new Content(feed.spec)
    for (const one of [socket, stream]) one.on('error', () => {})
    stream.resume()
  }

  get isOver(): boolean {
    return this.#socket.destroyed
  }

  send({ parts, keep, pieces }: Act): void {
    const all = Buffer.concat([this.#kept, ...parts.map((part) => this.#content.make(part))])
    const length = Math.max(0, all.length - keep)
    this.#kept = all.subarray(length)
    for (let piece = 0; piece < pieces; piece++)
      this.#write(
        all.subarray(Math.floor((length * piece) / pieces), Math.floor((length * (piece + 1)) / pieces)),
      )
  }

  sendRest(): void {
    this.#write(this.#kept)
    this.#kept = Buffer.alloc(0)
  }

  #write(bytes: Buffer): void {
    const stream = this.#stream
    if (bytes.length === 0 || !stream.writable || this.feed.hasEnded) return
    this.feed.add(bytes, () => {
      stream.write(bytes)
      // A TLS socket encrypts later.
      return stream === this.#socket && stream.writableLength === 0
    })
  }

  end(): void {
    if (this.#stream.writable) this.feed.hasEnded = true
    this.#stream.end()
  }

  /** @param resets whether the transport has a reset */
  reset(resets: boolean): void {
    // After shutdown(2), Node would leak the file descriptor.
    if (!resets || this.#stream.writableEnded) this.drop()
    else this.#socket.resetAndDestroy()
  }

  drop(): void {
    // Otherwise the input would end somewhere within what the system has not taken.
    if (this.#stream !== this.#socket || this.#stream.writableLength > 0) return this.end()
    if (this.#stream.writable) this.feed.hasEnded = true
    this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** @param ca the certificates that it trusts, if it speaks TLS @returns `undefined` if nobody listens any more */
export async function dialRaw(
  feed: Feed,
  address: Address,
  ca?: readonly string[],
): Promise<StreamPeer | undefined> {
  const options = { allowHalfOpen: true, noDelay: true }
  const socket =
    address.family === 'unix'
      ? connect({ ...options, path: address.path })
      : connect({ ...options, host: address.host, port: address.port })
  const stream = ca === undefined ? socket : connectTls({ socket, ca: [...ca], servername: 'localhost' })
  const peer = new StreamPeer(feed, socket, stream)
  const ready = once(stream, ca === undefined ? 'connect' : 'secureConnect')
  return ready.then(
    () => peer,
    () => {
      socket.destroy()
      return undefined
    },
  )
}

/** A client of a datagram server. Every answer must be to one of its own frames. */
export class DatagramPeer {
  readonly name: string
  readonly address: string
  readonly #channel: DatagramChannel
  readonly #content: Content
  readonly #pledges: Pledges
  readonly #sent: (datagram: Buffer) => void
  #kept: readonly Part[] = []
  isOver = false

  constructor(
    name: string,
    channel: DatagramChannel,
    spec: CodecSpec,
    pledges: Pledges,
    sent: (address: string, name: string, datagram: Buffer) => void,
  ) {
    this.name = name
    this.address = String(channel.localAddress)
    this.#channel = channel
    this.#content = new Content(spec, `${name}/`)
    this.#pledges = pledges
    this.#sent = (datagram) => sent(this.address, name, datagram)
    pledges.keep(`reading of ${name}`, this.#read(), () => {}, UNREACHABLE)
  }

  async #read(): Promise<void> {
    try {
      for (let data; (data = await this.#channel.read()) !== null;) {
        const text = data.toString('latin1')
        assert.ok(
          text.includes(`${this.name}/`),
          `${this.name} got the answer ${JSON.stringify(text.slice(0, 60))}`,
        )
      }
    } finally {
      this.destroy()
    }
  }

  /** Sends a datagram with all parts but the last, if it is to hold something back. */
  send({ parts, keep }: Act): void {
    const all = [...this.#kept, ...parts]
    const count = keep === 0 ? all.length : all.length - 1
    this.#kept = all.slice(count)
    this.#write(all.slice(0, count))
  }

  sendRest(): void {
    if (this.#kept.length > 0) this.#write(this.#kept)
    this.#kept = []
  }

  #write(parts: readonly Part[]): void {
    if (this.isOver) return
    const datagram = Buffer.concat(
      parts.map((part) => this.#content.make({ ...part, size: Math.min(part.size, LARGEST) })),
    )
    this.#sent(datagram)
    this.#pledges.keep('a datagram', this.#channel.write(datagram), () => {}, UNREACHABLE)
  }
  destroy(): void {
    if (this.isOver) return
    this.isOver = true
    this.#pledges.keep(`close() of ${this.name}`, this.#channel.close(), () => {}, never)
  }
}
