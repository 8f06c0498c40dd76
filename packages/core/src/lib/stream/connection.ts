import type { Address } from '../address/address.js'
import type {
  Connection,
  ConnectionStream,
  PeerCredentials,
  ReadOptions,
  Transport,
} from '../channel/channel.js'
import {
  INPUT_TURN,
  USE_INPUT,
  type InputTurn,
  type InputUser,
  type UsedInput,
} from '../channel/input-user.js'
import { SockError } from '../errors/errors.js'
import { unexpectedArgument } from '../options/check.js'
import { streamOf, type StreamOwner } from './connection-stream.js'
import { inputTurn, iterateInput, readInput, shutInput } from './connection-input.js'
import { closeOutput, waitingOutput, writeOutput } from './connection-output.js'

/** What the public connection needs from its implementation. */
export interface ConnectionInside extends StreamOwner {
  readonly host: StreamOwner['host'] & { readonly transport: Transport }
  readonly signal: AbortSignal
  /** Flushes and closes; resolves when the connection is closed. */
  close(): Promise<void>
  destroy(error?: Error): void
}

/**
 * The object that users hold: the public members of `Connection` and no others, in JavaScript too. They delegate to
 * the implementation, which core holds.
 */
export class StreamConnection implements Connection, UsedInput {
  readonly id: number
  data: unknown = undefined
  readonly #inside: ConnectionInside

  constructor(id: number, inside: ConnectionInside) {
    this.id = id
    this.#inside = inside
  }

  get transport(): Transport {
    return this.#inside.host.transport
  }
  get localAddress(): Address {
    return this.#inside.port.localAddress
  }
  get remoteAddress(): Address | undefined {
    return this.#inside.port.remoteAddress
  }
  get secure(): boolean {
    return this.#inside.port.secure
  }
  get tls(): unknown {
    return this.#inside.port.tls
  }
  get peerCredentials(): PeerCredentials | undefined {
    return this.#inside.port.peerCredentials
  }
  get isOpen(): boolean {
    return this.#inside.isOpen
  }
  get bytesRead(): number {
    return this.#inside.bytesRead
  }
  get bytesWritten(): number {
    return this.#inside.bytesWritten
  }
  get waitingBytes(): number {
    return waitingOutput(this.#inside)
  }
  get writableNeedDrain(): boolean {
    return this.#inside.extras?.drained !== undefined
  }
  get busy(): boolean {
    return this.#inside.extras?.isBusy === true
  }
  set busy(value: boolean) {
    if (value !== this.busy) this.#inside.makeExtras().isBusy = value
  }
  get signal(): AbortSignal {
    return this.#inside.signal
  }
  get stream(): ConnectionStream {
    return streamOf(this.#inside)
  }

  read(options?: ReadOptions): Promise<Buffer | null> {
    return readInput(this.#inside, options)
  }
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return iterateInput(this.#inside, this)
  }
  write(data: Uint8Array | string): Promise<void> {
    return writeOutput(this.#inside, data)
  }
  closeRead(): void {
    shutInput(this.#inside)
  }
  closeWrite(): Promise<void> {
    return closeOutput(this.#inside)
  }
  close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) return Promise.reject(unexpectedArgument('close()', unexpected))
    return this.#inside.close()
  }
  destroy(error?: Error): void {
    this.#inside.destroy(error)
  }
  ref(): this {
    this.#inside.port.ref?.()
    return this
  }
  unref(): this {
    const { port, host } = this.#inside
    if (port.unref === undefined) {
      const message = `Cannot unref a ${host.transport} connection: its engine keeps the process alive while it is open. Use another engine`
      throw new SockError('ERR_SOCK_UNSUPPORTED', message)
    }
    port.unref()
    return this
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#inside.close()
  }

  [USE_INPUT](user: InputUser): void {
    this.#inside.makeExtras().inputUser = user
  }
  [INPUT_TURN](): InputTurn {
    return inputTurn(this.#inside)
  }
}
