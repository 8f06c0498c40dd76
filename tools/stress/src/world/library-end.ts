import assert from 'node:assert/strict'
import { once } from 'node:events'
import { inspect } from 'node:util'
import type { CloseReason, Connection } from '@sock/core'
import { transfer } from './bytes.js'
import type { End, Ledger } from './ledger.js'
import { oneOf, Oops, type Pledges } from './pledges.js'

/** The errors of operations after the connection has ended. */
const OVER = oneOf('ERR_SOCK_CLOSED', 'ERR_SOCK_RESET', 'ERR_SOCK_IDLE_TIMEOUT', 'ERR_SOCK_DRAINING')

/** An end that is a connection of the library: accepted by a server, or a client. */
export class LibraryEnd implements End {
  readonly ledger: Ledger
  readonly connection: Connection
  /** Resolves when no more input will come, for any reason. */
  readonly inputOver: Promise<void>
  /** Whether this side has destroyed it. */
  isGone = false
  /** The argument of `destroy()`. */
  given: Error | undefined
  readonly #pledges: Pledges
  readonly #speaks: boolean
  /** Aborts when it reads on. */
  #stalled: AbortController | undefined
  #noInput!: () => void
  /** What it was given last, and need not return. */
  #chunk: Buffer | undefined
  #hasClosedRead = false
  /** Whether it has read to the end. */
  #hasReadAll = false
  /** @param speaks whether it writes bytes of the model; otherwise it echoes */
  constructor(ledger: Ledger, connection: Connection, pledges: Pledges, speaks: boolean) {
    this.#speaks = speaks
    this.ledger = ledger
    this.connection = connection
    this.#pledges = pledges
    this.inputOver = new Promise((resolve) => (this.#noInput = resolve))
  }

  readonly do: End['do'] = {
    write: (size) => this.#write(size),
    closeWrite: () => {
      if (!this.#speaks) return
      const { ledger, connection } = this
      ledger.mayEnd = true
      this.#keep('closeWrite()', connection.closeWrite(), () => (ledger.endedWell = true))
    },
    closeRead: () => {
      this.#deafen()
      this.#hasClosedRead = true
      this.connection.closeRead()
    },
    close: () => this.#close(),
    destroy: () => this.#destroy(undefined),
    reset: () => this.#destroy(new Oops('the model resets')),
    stall: () => {
      this.#stalled ??= new AbortController()
    },
    resume: () => {
      this.#stalled?.abort()
      this.#stalled = undefined
    },
    transfer: () => {
      // Node 26 decrypts several records into one memory, and ends the process if that has been transferred.
      if (!this.connection.secure) transfer(this.#chunk)
    },
  }

  /** A promise to await before reading more input. */
  get pause(): Promise<unknown> | undefined {
    return this.#stalled && once(this.#stalled.signal, 'abort')
  }

  heard(chunk: Buffer): void {
    this.#pledges.guard(() => this.ledger.received.add(chunk))
    if (this.#speaks) this.#chunk = chunk
  }

  /** The same in a callback, which must not be called after the input was discarded. */
  wasGiven(chunk: Buffer): void {
    this.#pledges.guard(() => {
      assert.ok(!this.#hasClosedRead, `${this.ledger.name} was given input after closeRead()`)
      assert.ok(!this.isGone, `${this.ledger.name} was given input after destroy()`)
    })
    this.heard(chunk)
  }

  ended(): void {
    this.#hasReadAll = true
    this.ledger.sawEnd ||= !this.ledger.isDeaf
    this.#noInput()
  }

  /** Reads to the end. @param heard is called after each chunk */
  async readOn(heard: () => unknown): Promise<void> {
    const reading = this.#readOn(heard)
    this.#keep('read()', reading, () => {})
    await reading.catch((error: Error) => this.broke(error))
  }

  async #readOn(heard: () => unknown): Promise<void> {
    for (;;) {
      await this.pause
      const chunk = await this.connection.read()
      if (chunk === null) return this.ended()
      this.heard(chunk)
      await heard()
    }
  }

  broke(error: unknown): void {
    this.ledger.breaks(error instanceof Error ? error : new Error(inspect(error)))
    this.#noInput()
  }

  /** Records that the connection has closed, and why. */
  closed(reason: CloseReason | undefined): void {
    const { ledger } = this
    ledger.isOver = true
    // All output was sent, and the peer has seen its end.
    if (reason === 'ended') {
      ledger.endedWell = true
      ledger.sawEnd ||= !ledger.isDeaf
    } else {
      if (reason === 'idle') ledger.hurt ??= 'it was idle'
      ledger.breaks(new Error(`closed because of "${reason}"`))
    }
    this.#noInput()
  }

  #write(size: number): void {
    const { ledger, connection } = this
    if (!this.#speaks) return
    const wasOpen = connection.isOpen
    const writing = connection.write(wasOpen ? ledger.take(size) : Buffer.alloc(size))
    this.#pledges.keep(
      `write() of ${ledger.name}`,
      writing,
      () => assert.ok(wasOpen, 'written to a closed connection'),
      (error) => {
        OVER(error)
        if (wasOpen) ledger.doubtful += size
      },
    )
  }

  #close(): void {
    const { ledger, connection } = this
    this.#deafen()
    const wasOpen = connection.isOpen
    ledger.closing()
    this.#keep('close()', connection.close(), () => (ledger.endedWell ||= wasOpen))
    this.do.resume()
  }

  #destroy(error: Error | undefined): void {
    const { ledger } = this
    // Only the first call counts.
    if (this.isGone) return
    if (error === undefined) ledger.destroy()
    else ledger.reset('destroyed with an error')
    this.#deafen()
    this.isGone = true
    this.given ??= error
    this.do.resume()
    this.connection.destroy(error)
  }

  /** After this, the echo may lack the discarded input. */
  #deafen(): void {
    if (!this.#speaks) this.ledger.hurtBy('wants no more of what it answers')
    // The connection may have ended while some input is still unread.
    if (!this.#hasReadAll) this.ledger.isDeaf = true
    this.#noInput()
  }

  #keep(what: string, promise: Promise<unknown>, fulfilled: () => void): void {
    // A Node stream can be destroyed with any error.
    this.#pledges.keep(`${what} of ${this.ledger.name}`, promise, fulfilled, this.#speaks ? OVER : () => {})
  }
}
