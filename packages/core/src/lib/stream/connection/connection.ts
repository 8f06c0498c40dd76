import type { Address } from '../../address/address.js'
import type {
  Connection,
  ConnectionStream,
  PeerCredentials,
  ReadOptions,
  Transport,
} from '../../channel/channel.js'
import {
  INPUT_TURN,
  USE_INPUT,
  type InputTurn,
  type InputUser,
  type UsedInput,
} from '../../channel/input-user.js'
import { SockError } from '../../errors/errors.js'
import { unexpectedArgument } from '../../options/check.js'
import type { ConnectionRecord } from './record.js'
import { streamOf } from './stream.js'
import { inputTurn, iterateInput, readInput, closeInput } from './input.js'
import { closeOutput, waitingOutput, writeOutput } from './output.js'

/**
 * The object that users hold: the public members of `Connection` and no others, in JavaScript too. They delegate to
 * the implementation, which core holds.
 */
export class StreamConnection implements Connection, UsedInput {
  readonly id: number
  data: unknown = undefined
  readonly #record: ConnectionRecord

  constructor(id: number, record: ConnectionRecord) {
    this.id = id
    this.#record = record
  }

  get transport(): Transport {
    return this.#record.host.transport
  }
  get localAddress(): Address {
    return this.#record.port.localAddress
  }
  get remoteAddress(): Address | undefined {
    return this.#record.port.remoteAddress
  }
  get secure(): boolean {
    return this.#record.port.secure
  }
  get tls(): unknown {
    return this.#record.port.tls
  }
  get peerCredentials(): PeerCredentials | undefined {
    return this.#record.port.peerCredentials
  }
  get isOpen(): boolean {
    return this.#record.isOpen
  }
  get bytesRead(): number {
    return this.#record.bytesRead
  }
  get bytesWritten(): number {
    return this.#record.bytesWritten
  }
  get waitingBytes(): number {
    return waitingOutput(this.#record)
  }
  get writableNeedDrain(): boolean {
    return this.#record.lazy?.drained !== undefined
  }
  get busy(): boolean {
    return this.#record.lazy?.isBusy === true
  }
  set busy(value: boolean) {
    if (value !== this.busy) this.#record.ensureLazy().isBusy = value
  }
  get signal(): AbortSignal {
    return this.#record.signal
  }
  get stream(): ConnectionStream {
    return streamOf(this.#record)
  }

  read(options?: ReadOptions): Promise<Buffer | null> {
    return readInput(this.#record, options)
  }
  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return iterateInput(this.#record, this)
  }
  write(data: Uint8Array | string): Promise<void> {
    return writeOutput(this.#record, data)
  }
  closeRead(): void {
    closeInput(this.#record)
  }
  closeWrite(): Promise<void> {
    return closeOutput(this.#record)
  }
  close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) return Promise.reject(unexpectedArgument('close()', unexpected))
    return this.#record.close()
  }
  destroy(error?: Error): void {
    this.#record.destroy(error)
  }
  ref(): this {
    this.#record.port.ref?.()
    return this
  }
  unref(): this {
    const { port, host } = this.#record
    if (port.unref === undefined) {
      const message = `Cannot unref a ${host.transport} connection: its engine keeps the process alive while it is open. Use another engine`
      throw new SockError('ERR_SOCK_UNSUPPORTED', message)
    }
    port.unref()
    return this
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#record.close()
  }

  [USE_INPUT](user: InputUser): void {
    this.#record.ensureLazy().inputUser = user
  }
  [INPUT_TURN](): InputTurn {
    return inputTurn(this.#record)
  }
}
