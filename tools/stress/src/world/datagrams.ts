import assert from 'node:assert/strict'
import type { DatagramChannel, DatagramHandler } from '@sock/core'
import { encodeDatagram, isCrumb, readDatagram, transfer } from './bytes.js'
import type { End, Ledger } from './ledger.js'
import { until } from './pace.js'
import { never, oneOf, type Pledges } from './pledges.js'
import type { WorldServer } from './server.js'
import type { World } from './world.js'

/** Errors of sending and of waiting for an answer: the receiver does not exist yet or any more, or has no room. */
export const UNREACHABLE = oneOf(
  'ECONNREFUSED',
  'ENOENT',
  'ENOTCONN',
  'ECONNRESET',
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_BACKPRESSURE',
)
const NEVER_QUEUED = 'Cannot send: the channel is closed'
/** How long a client that leaves waits for its answers, in ms: the server may have been unable to send one. */
const ANSWER = 10_000
/** One more than an engine gathers at a time. */
const MANY = 257
/** One in this many requests is answered only after the next one. */
const HOLD_EVERY = 4
/** How many sizes small answers have: the answers to one request have the same one, which an engine gathers. */
const SMALL = 100
/** Sizes of answers that just fit into what an engine gathers, and that are too large for that. The others are small. */
const ANSWERS = new Map([
  [3, 2_048],
  [6, 2_049],
  [7, 3_000],
  [11, 9_001],
])
const ANSWERS_REPEAT_AFTER = 40

/** A client of a datagram server. Its ledger counts datagrams. */
export class DatagramEnd implements End {
  readonly ledger: Ledger
  readonly #channel: DatagramChannel
  readonly #pledges: Pledges
  readonly #largest: number
  /** How many answers are still to come. */
  #waits = 0
  #isClosed = false
  /** What it was given last. */
  #data: Buffer | undefined

  /** @param largest the size of its longest request */
  constructor(ledger: Ledger, channel: DatagramChannel, pledges: Pledges, largest: number) {
    this.#largest = largest
    this.ledger = ledger
    this.#channel = channel
    this.#pledges = pledges
    pledges.keep('reading of a client', this.#read(), () => {}, UNREACHABLE)
  }

  readonly #breakOff = (): void => {
    this.ledger.hurtBy('closed')
    this.#close()
  }

  readonly do: End['do'] = {
    write: (size) => this.#request(size),
    closeWrite: () => void this.#leave(),
    closeRead: this.#breakOff,
    close: this.#breakOff,
    destroy: this.#breakOff,
    reset: this.#breakOff,
    stall() {},
    resume() {},
    transfer: () => transfer(this.#data),
  }

  #request(size: number): void {
    const { ledger } = this
    if (ledger.mayEnd || this.#isClosed) return
    const length = Math.min(size, this.#largest)
    const wanted = isCrumb({ length }) ? 0 : size > 65_536 ? MANY : size > 16_385 ? 24 : 1
    const request = encodeDatagram(ledger, ledger.id, wanted, length)
    this.#waits += wanted
    this.#pledges.keep(
      'a request',
      this.#channel.write(request),
      () => {},
      (error) => {
        ledger.doubtful += isCrumb(request) ? 0 : 1
        this.#waits -= wanted
        UNREACHABLE(error)
      },
    )
  }

  async #read(): Promise<void> {
    const { ledger } = this
    try {
      for (let data; (data = await this.#channel.read()) !== null; this.#waits -= 1) {
        const head = readDatagram(data)
        assert.equal(head?.client ?? ledger.id, ledger.id, 'an answer for another client')
        ledger.received.add(data)
        this.#data = data
      }
    } finally {
      if (!this.#isClosed) this.#breakOff()
      ledger.isOver = true
    }
  }

  /** Closes after the last answer. */
  async #leave(): Promise<void> {
    const { ledger } = this
    ledger.mayEnd = true
    const isDone = (): boolean => this.#waits === 0 || this.#isClosed || ledger.hurt !== undefined
    await until(isDone, ANSWER, 'no answer').catch(() => {})
    ledger.sawEnd = true
    this.#close()
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#pledges.keep('close() of a client', this.#channel.close(), () => {}, never)
  }
}

/** Returns the handler of a datagram server: callbacks, or a function for one datagram or for all. */
export function datagramHandlerOf(world: World, owner: WorldServer): DatagramHandler {
  const { form } = owner.spec
  const at = (): unknown => world.at('data', undefined, owner)
  if (form !== 'function' && form !== 'reader')
    return {
      data: (channel, data) => {
        serve(world, owner, data, (answer) => channel.write(answer), false)
        return at() as void
      },
    }
  let isRunning = false
  return async (channel) => {
    world.pledges.guard(() => assert.ok(!isRunning, 'a handler runs twice at a time'))
    isRunning = true
    try {
      for await (const datagram of form === 'function' ? channel.datagrams() : [await channel.receive()]) {
        if (datagram === null) break
        serve(world, owner, datagram.data, (answer) => datagram.reply(answer), true)
        await at()
      }
    } finally {
      isRunning = false
    }
  }
}

/** @param canWait whether `reply` may be called later, too */
function serve(
  world: World,
  owner: WorldServer,
  data: Buffer,
  reply: (answer: Buffer) => Promise<void>,
  canWait: boolean,
): void {
  const { pledges } = world
  const { datagrams } = owner.observer
  const { stops } = owner
  datagrams.handled += 1
  pledges.guard(() => {
    const head = readDatagram(data)
    if (head === undefined) return
    const { client, wanted, number } = head
    const ledger = world.exchangeWith(client, owner)
    ledger.received.add(data)
    const answer = (size: number): void => {
      const bytes = encodeDatagram(ledger, client, 0, size)
      pledges.keep(
        'an answer',
        reply(bytes),
        () => (datagrams.sent += 1),
        (error) => {
          ledger.doubtful += isCrumb(bytes) ? 0 : 1
          // Not a send error: an observer had closed the channel before the datagram was queued.
          if ((error as Error).message !== NEVER_QUEUED) datagrams.refused += 1
          UNREACHABLE(error)
        },
      )
    }
    const small = 1 + ((data.length + number) % SMALL)
    world.held.push(() => {
      if (owner.stops === stops)
        for (let at = 0; at < wanted; at++) answer(ANSWERS.get(at % ANSWERS_REPEAT_AFTER) ?? small)
      // The socket that received the request is closed by now.
      else if (owner.server.state !== 'draining')
        pledges.keep('a late answer', reply(data), () => assert.fail('sent'), oneOf('ERR_SOCK_CLOSED'))
    })
    if (!canWait || world.isEnding || number % HOLD_EVERY > 0) world.sendHeld()
  })
}
