import assert from 'node:assert/strict'
import { isSockError, type DatagramChannel } from '@sock/core'
import { Oops } from '../world/pledges.js'
import { UNREACHABLE } from '../world/datagrams.js'
import { Delivery, isSame, show, wrongOf } from './end.js'
import { understand, type Frame, type Meaning } from './naive.js'
import type { FrameProgram } from './program.js'

/** What one client has sent, and how much of it was given. */
class Sender {
  readonly name: string
  readonly meanings: Meaning[] = []
  /** The datagram whose frames are being given, and its next frame. */
  #datagram = 0
  #frame = 0

  constructor(name: string) {
    this.name = name
  }

  /** Returns the frame in the next place where it was sent; frames between them are lost. */
  next(frame: unknown): Frame | undefined {
    const { meanings } = this
    for (let at = this.#datagram; at < meanings.length; at++) {
      const place = at === this.#datagram ? this.#frame : 0
      const expected = meanings[at]?.frames[place]
      if (expected === undefined || !isSame(frame, expected)) continue
      this.#datagram = at
      this.#frame = place + 1
      return expected
    }
    return undefined
  }

  /** The rest of its datagram must not be given. */
  dropRest(): void {
    if (this.#frame === 0) return
    this.#datagram += 1
    this.#frame = 0
  }
}

/** The framed end of a datagram server: what it was given from each client. */
export class SharedEnd {
  readonly delivery = new Delivery()
  readonly #program: FrameProgram
  readonly #senders = new Map<string, Sender>()
  #last: Sender | undefined
  #reports = 0
  /** Why it may miss frames. */
  hurt: string | undefined
  go: (() => void)[] = []

  constructor(program: FrameProgram) {
    this.#program = program
    if (program.transport === 'udp') this.hurt = 'UDP may lose anything'
  }

  sent(address: string, name: string, datagram: Buffer): void {
    let sender = this.#senders.get(address)
    if (sender === undefined) this.#senders.set(address, (sender = new Sender(name)))
    sender.meanings.push(understand(this.#program.codec, datagram, true))
  }

  given(frame: unknown, channel: DatagramChannel): void {
    const sender = this.#senders.get(String(channel.remoteAddress))
    assert.ok(
      sender !== undefined,
      `${show(frame)} is from ${String(channel.remoteAddress)}, who has sent nothing`,
    )
    if (this.#last !== undefined && this.#last !== sender) this.#last.dropRest()
    this.#last = sender
    this.delivery.add(frame, sender.next(frame), `the server, under the name of ${sender.name},`)
  }

  /** Its handler gives up the datagram. */
  dropRest(): void {
    this.hurt ??= 'its handler has left'
    this.#last?.dropRest()
  }

  broke(error: unknown): boolean {
    return this.#judge(error)
  }

  reported(error: unknown): void {
    if (!this.#judge(error)) return
    this.#reports += 1
    const wrong = this.#all().filter((one) => one.wrong !== undefined).length
    assert.ok(
      this.#reports <= wrong,
      `${this.#reports} errors of frames were reported, and ${wrong} datagrams are wrong`,
    )
  }

  #judge(error: unknown): boolean {
    if (error instanceof Oops) return false
    const wrong = wrongOf(error, false)
    if (wrong === undefined) {
      if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT')) return false
      assert.ok(this.hurt !== undefined, `without a cause: ${String((error as Error).stack)}`)
      UNREACHABLE(error)
      return false
    }
    assert.ok(
      this.#all().some((one) => one.wrong === wrong),
      `no datagram is wrong: ${String((error as Error).stack)}`,
    )
    return true
  }

  /** Whether everything that was sent was given. */
  get hasAll(): boolean {
    return this.delivery.count >= this.#all().reduce((sum, { frames }) => sum + frames.length, 0)
  }

  #all(): Meaning[] {
    return [...this.#senders.values()].flatMap(({ meanings }) => meanings)
  }

  checkEnd(isGentle: boolean): void {
    if (this.#program.engine !== 'reuse') this.delivery.checkUnchanged('the server')
    if (isGentle && this.hurt === undefined)
      assert.ok(this.hasAll, `the server was given ${this.delivery.count} frames, and not all`)
  }
}
