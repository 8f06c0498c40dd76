import assert from 'node:assert/strict'
import type { DatagramChannel, DatagramHandler } from '@sock/core'
import type { Form } from './handlers.js'
import { nextId } from './ledger.js'
import { never, oneOf } from './pledges.js'
import { readPost, Talk } from './posts.js'
import type { Place, WorldServer } from './server.js'
import type { World } from './world.js'

/** How many were sent, how many of those the system accepted, and how many arrived. */
const counts = () => ({ sent: 0, acknowledged: 0, arrived: 0 })
type Counts = ReturnType<typeof counts>

/** The account of the datagrams of one place in one process, as plain data. */
export interface DatagramAccount {
  /** The number of the place. */
  readonly place: number
  readonly transport: string
  /** Whether datagrams may be lost, because the server was stopped or a client ended early. */
  readonly mayLose: boolean
  readonly requests: Counts
  readonly answers: Counts
}

interface Client {
  readonly channel: DatagramChannel
  readonly talk: Talk
  /** How many answers are still expected. */
  waits: number
  isClosed: boolean
}

/** Errors of sending and of waiting for an answer: the receiver does not exist yet or any more, or has no room. */
const SENDING = oneOf(
  'ECONNREFUSED',
  'ENOENT',
  'ENOTCONN',
  'ECONNRESET',
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_BACKPRESSURE',
)
const NEVER_QUEUED = 'Cannot send: the channel is closed'
/** One more than an engine gathers at a time. */
const MANY = 257
const LARGEST = 2_100
/** One in this many requests is answered only after the next one. */
const HOLD_EVERY = 4
/** Sizes of answers that an engine gathers, that just fit, and that are too large for that. Most are small. */
const ANSWERS = [48, 48, 48, 2_032, 48, 48, 2_033, 2_984] as const

/** The datagram server of one place, its clients, or both, and the datagrams between them. */
export class Datagrams {
  readonly place: Place
  readonly #world: World
  #clients: Client[] = []
  /** The server's side of the exchange with each client. */
  readonly #talks = new Map<number, Talk>()
  #held: (() => void)[] = []
  #requests = counts()
  #answers = counts()
  #stopsBefore = 0
  #endedEarly = false

  constructor(place: Place, world: World) {
    this.place = place
    this.#world = world
  }

  /** Returns a handler: callbacks, or a function for one datagram or for all. */
  handler(server: WorldServer, form: Form): DatagramHandler {
    const at = (): unknown => this.#world.at('data', undefined, server)
    if (form !== 'function' && form !== 'reader')
      return {
        data: (channel, data) => {
          this.#serve(server, data, (answer) => channel.write(answer), false)
          return at() as void
        },
      }
    let isRunning = false
    return async (channel) => {
      this.#world.pledges.guard(() => assert.ok(!isRunning, 'a handler runs twice at a time'))
      isRunning = true
      try {
        for await (const datagram of form === 'function' ? channel.datagrams() : [await channel.receive()]) {
          if (datagram === null) break
          this.#serve(server, datagram.data, (answer) => datagram.reply(answer), true)
          await at()
        }
      } finally {
        isRunning = false
      }
    }
  }

  /** @param canWait whether `reply` may be called later, too */
  #serve(
    server: WorldServer,
    data: Buffer,
    reply: (answer: Buffer) => Promise<void>,
    canWait: boolean,
  ): void {
    const { pledges, isEnding } = this.#world
    const { datagrams } = server.observer
    const { stops } = server
    datagrams.handled += 1
    this.#requests.arrived += 1
    pledges.guard(() => {
      const post = readPost(data)
      const talk = this.#talks.get(post.client) ?? new Talk(post.client)
      this.#talks.set(post.client, talk)
      talk.take(post)
      const answer = (size: number): void =>
        this.#keep(
          'an answer',
          reply(talk.next(0, size)),
          this.#answers,
          () => (datagrams.sent += 1),
          () => (datagrams.refused += 1),
        )
      this.#held.push(() => {
        if (server.stops === stops)
          for (let at = 0; at < post.wanted; at++) answer(ANSWERS[at % ANSWERS.length] ?? 0)
        // The socket that received the request is closed by now.
        else if (server.server.state !== 'draining')
          pledges.keep('a late answer', reply(data), () => assert.fail('sent'), oneOf('ERR_SOCK_CLOSED'))
      })
      if (!canWait || isEnding || post.number % HOLD_EVERY > 0) this.sendHeld()
    })
  }

  /** Sends the delayed answers. */
  sendHeld(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  connect(dialling: Promise<DatagramChannel>): void {
    const { pledges } = this.#world
    const opened = (channel: DatagramChannel): void => {
      const client = { channel, talk: new Talk(nextId()), waits: 0, isClosed: false }
      // The system may give a client the port that the server has just closed: then it receives its own datagrams.
      const isItself = String(channel.localAddress) === String(channel.remoteAddress)
      if (isItself || this.#world.isEnding) return this.#close(client)
      this.#clients.push(client)
      pledges.keep('reading of a client', this.#read(client), () => {}, SENDING)
    }
    pledges.keep('connect()', dialling, opened, SENDING)
  }

  async #read(client: Client): Promise<void> {
    try {
      for (let data; (data = await client.channel.read()) !== null;) {
        client.talk.take(readPost(data))
        client.waits -= 1
        this.#answers.arrived += 1
      }
    } finally {
      this.#endedEarly ||= !client.isClosed
      client.isClosed = true
    }
  }

  send(which: number, size: number): void {
    const client = this.#clients[which % this.#clients.length]
    if (client === undefined || client.isClosed) return
    const wanted = size > 65_536 ? MANY : size > 4_096 ? 24 : 1
    const sending = client.channel.write(client.talk.next(wanted, Math.min(size, LARGEST)))
    this.#keep('a request', sending, this.#requests, () => (client.waits += wanted))
  }

  #keep(
    what: string,
    sending: Promise<void>,
    flow: Counts,
    sent: () => unknown,
    refused: () => unknown = () => {},
  ): void {
    flow.sent += 1
    const acknowledged = (): void => {
      flow.acknowledged += 1
      sent()
    }
    this.#world.pledges.keep(what, sending, acknowledged, (error) => {
      // Not a send error: an observer had closed the channel before the datagram was queued.
      if ((error as Error).message !== NEVER_QUEUED) refused()
      SENDING(error)
    })
  }

  /** Whether a client waits for an answer. */
  get isWaiting(): boolean {
    return this.#clients.some(({ waits, isClosed }) => !isClosed && waits > 0)
  }

  closeAll(): void {
    for (const client of this.#clients.splice(0)) this.#close(client)
  }

  #close(client: Client): void {
    client.isClosed = true
    this.#world.pledges.keep('close() of a client', client.channel.close(), () => {}, never)
  }

  /** @param place its number */
  account(place: number): DatagramAccount {
    const { transport } = this.place.spec
    const mayLose = transport === 'udp' || this.#endedEarly || this.place.stops !== this.#stopsBefore
    return { place, transport, mayLose, requests: { ...this.#requests }, answers: { ...this.#answers } }
  }

  /** Counts from 0 again. */
  forget(): void {
    this.#requests = counts()
    this.#answers = counts()
    this.#stopsBefore = this.place.stops
    this.#endedEarly = false
    this.#talks.clear()
  }
}

/** Compares sent and received datagrams for each place. @returns the differences */
export function compareDatagrams(accounts: readonly DatagramAccount[]): string[] {
  return [...new Set(accounts.map(({ place }) => place))].flatMap((place) => {
    const same = accounts.filter((one) => one.place === place)
    return (['requests', 'answers'] as const).flatMap((way) => {
      const sum = (key: keyof Counts): number => same.reduce((all, one) => all + one[way][key], 0)
      const [sent, taken, arrived] = [sum('sent'), sum('acknowledged'), sum('arrived')]
      const isRight = arrived <= sent && (arrived >= taken || same.some(({ mayLose }) => mayLose))
      const story = `${same[0]?.transport}: of ${sent} ${way} the system took ${taken}, and ${arrived} arrived`
      return isRight ? [] : story
    })
  })
}
