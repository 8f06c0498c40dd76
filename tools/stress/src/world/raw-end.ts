import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Address } from '@sock/core'
import type { End, Ledger } from './ledger.js'
import type { Pledges } from './pledges.js'

/** An end that is a socket of Node: it can break rules that the library keeps. */
export class RawEnd implements End {
  readonly ledger: Ledger
  readonly #socket: Socket
  /** What it reads and writes: the socket, or TLS on top of it. */
  readonly #stream: Socket
  /** Whether it was reset; Node may delay that until the socket is connected. */
  #isReset = false
  #isReady: boolean
  #whenReady = (): void => {}

  /** @param ca the certificates that it trusts, if it speaks TLS */
  constructor(ledger: Ledger, address: Address, ca: readonly string[] | undefined, pledges: Pledges) {
    this.ledger = ledger
    const options = { allowHalfOpen: true, noDelay: true }
    const socket =
      address.family === 'unix'
        ? connect({ ...options, path: address.path })
        : connect({ ...options, host: address.host, port: address.port })
    const stream = ca === undefined ? socket : connectTls({ socket, ca: [...ca], servername: 'localhost' })
    this.#socket = socket
    this.#stream = stream
    this.#isReady = ca === undefined
    stream.on('secureConnect', () => {
      this.#isReady = true
      this.#whenReady()
    })
    for (const one of [socket, stream]) one.on('error', (error) => ledger.breaks(error))
    stream.on('data', (chunk: Buffer) => pledges.guard(() => ledger.received.add(chunk)))
    stream.on('end', () => (ledger.sawEnd = true))
    stream.on('finish', () => (ledger.endedWell = ledger.broke === undefined))
    stream.on('close', () => (ledger.isOver = true))
  }

  readonly do: End['do'] = {
    write: (size) => {
      if (this.#stream.writable) this.#stream.write(this.ledger.take(size))
    },
    closeWrite: () => {
      this.ledger.mayEnd = true
      // After an end, a reset would make Node leak the file descriptor.
      if (this.#isReset) return
      // An end during the handshake aborts it.
      if (this.#isReady) this.#stream.end()
      else this.#whenReady = () => this.#stream.end()
    },
    closeRead: () => this.do.stall(),
    close: () => {
      this.do.closeWrite()
      this.do.resume()
    },
    destroy: () => {
      this.ledger.hurtBy('destroyed')
      this.#socket.destroy()
    },
    reset: () => {
      if (this.#socket.destroyed) return
      // After shutdown(2), Node would leak the file descriptor.
      this.#isReset = this.ledger.hasReset && !this.#stream.writableEnded
      if (!this.#isReset) return this.do.destroy()
      this.ledger.reset('reset')
      this.#socket.resetAndDestroy()
    },
    stall: () => void this.#stream.pause(),
    resume: () => void this.#stream.resume(),
    transfer() {},
  }
}
