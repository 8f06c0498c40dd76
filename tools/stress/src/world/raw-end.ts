import { request, type ClientRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Address } from '@sock/core'
import type { End, Ledger } from './ledger.js'
import type { Pledges } from './pledges.js'

export interface RawMeans {
  readonly address: Address
  /** The certificates that it trusts, if it speaks TLS. */
  readonly ca: readonly string[] | undefined
  /** Whether it sends its stream as the body of an HTTP request, and reads the body of the response. */
  readonly speaksHttp: boolean
}

/** An end that is a socket of Node: it can break rules that the library keeps. */
export class RawEnd implements End {
  readonly ledger: Ledger
  readonly #socket: Socket
  readonly #output: Writable
  readonly #pledges: Pledges
  /** The stream to read; with HTTP, only after the response has begun. */
  #input: Readable | undefined
  #isStalled = false
  /** Whether it was reset; Node may delay that until the socket is connected. */
  #isReset = false
  #isReady: boolean
  #whenReady = (): void => {}

  constructor(ledger: Ledger, means: RawMeans, pledges: Pledges) {
    this.ledger = ledger
    this.#pledges = pledges
    const { address, ca } = means
    const options = { allowHalfOpen: true, noDelay: true }
    this.#socket =
      address.family === 'unix'
        ? connect({ ...options, path: address.path })
        : connect({ ...options, host: address.host, port: address.port })
    const stream =
      ca === undefined
        ? this.#socket
        : connectTls({ socket: this.#socket, ca: [...ca], servername: 'localhost' })
    this.#isReady = ca === undefined
    stream.on('secureConnect', () => {
      this.#isReady = true
      this.#whenReady()
    })
    const failed = (error: Error): void => ledger.breaks(error)
    stream.on('error', failed)
    this.#socket.on('error', failed)
    stream.on('close', () => (ledger.isOver = true))
    this.#output = means.speaksHttp ? this.#ask(stream) : stream
    this.#output.on('finish', () => (ledger.endedWell = ledger.broke === undefined))
    if (!means.speaksHttp) this.#listen(stream)
  }

  readonly do: End['do'] = {
    write: (size) => {
      if (this.#output.writable && !this.#output.writableEnded) this.#output.write(this.ledger.take(size))
    },
    closeWrite: () => {
      this.ledger.mayEnd = true
      // After an end, a reset would make Node leak the file descriptor.
      if (this.#isReset) return
      // An end during the handshake aborts it.
      if (this.#isReady) this.#output.end()
      else this.#whenReady = () => this.#output.end()
    },
    closeRead: () => this.do.stall(),
    close: () => {
      this.do.closeWrite()
      this.do.resume()
    },
    dispose: () => this.do.close(),
    'read twice': () => {},
    destroy: () => {
      this.ledger.hurtBy('destroyed')
      this.#socket.destroy()
    },
    reset: () => {
      if (this.#socket.destroyed) return
      this.ledger.reset('reset')
      // After shutdown(2), Node would leak the file descriptor.
      this.#isReset = this.ledger.hasReset && !this.#output.writableEnded
      if (this.#isReset) this.#socket.resetAndDestroy()
      else this.#socket.destroy()
    },
    stall: () => {
      this.#isStalled = true
      this.#input?.pause()
    },
    resume: () => {
      this.#isStalled = false
      this.#input?.resume()
    },
  }

  #listen(input: Readable): void {
    const { ledger } = this
    this.#input = input
    input.on('data', (chunk: Buffer) => this.#pledges.guard(() => ledger.received.add(chunk)))
    input.on('end', () => (ledger.sawEnd = true))
    input.on('error', (error) => ledger.breaks(error))
    if (this.#isStalled) input.pause()
  }

  #ask(stream: Socket): ClientRequest {
    const asking = request({
      createConnection: () => stream,
      method: 'POST',
      headers: { connection: 'close' },
    })
    asking.on('error', (error) => this.ledger.breaks(error))
    // If a paused socket closes with unread input, Node's HTTP client takes that for input of a request that it has
    // forgotten, and an assertion of Node fails.
    stream.prependListener('close', () => stream.removeAllListeners('data'))
    asking.on('response', (answer) => this.#listen(answer))
    asking.flushHeaders()
    return asking
  }
}
