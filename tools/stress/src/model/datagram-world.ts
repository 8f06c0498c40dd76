import assert from 'node:assert/strict'
import type { Datagram, DatagramChannel, DatagramHandler, DatagramServerStats } from '@sock/core'
import type { DatagramFixture } from '@sock/testing'
import type { Attempt } from './life.js'
import { arrived, HEADER, numbered, UNHEARD, type Message } from './messages.js'
import { nextTurn } from './pace.js'
import { never, oneOf, Oops } from './pledges.js'
import { Subject, type Targets } from './subject.js'
import { Watcher } from './watchers.js'

export const FORMS = ['one', 'loop', 'callbacks'] as const
export const MOMENTS = ['handler', 'open', 'data', 'close'] as const
/** What a handler or a callback does, the next time that it is called. */
export const ACTS = [
  'throws',
  'rejects',
  'waits',
  'returns',
  'replies',
  'holds',
  'closes',
  'closes the server',
  'shuts down',
] as const

export type Form = (typeof FORMS)[number]
export type Moment = (typeof MOMENTS)[number]
export type Act = (typeof ACTS)[number]

export interface DatagramSetup {
  /** A function that takes one and returns, one that loops, or callbacks. */
  readonly form: Form
  readonly isWatched: boolean
}

const SENDING = oneOf(...UNHEARD)
const READING = oneOf(...UNHEARD, 'ERR_SOCK_INVALID_STATE')

/** A sender's side: what it sent, and what of it arrived where. */
interface Client {
  readonly channel: DatagramChannel
  /** Its address; the system may give it to another one after it. */
  readonly name: string
  /** The run of the server that it talks to. */
  readonly attempt: Attempt
  /** Of the answers to it, the last that came. */
  last: number
}

/** A datagram server and its clients, with everything that was sent and received. */
export class DatagramWorld {
  readonly subject: Subject
  readonly clients: Client[] = []
  readonly tasks: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  /** Datagrams that the handler has, to be answered later. */
  readonly held: { readonly datagram: Datagram; readonly client: number }[] = []
  readonly #requests: Message[] = []
  readonly #replies: Message[] = []
  readonly #lastOf = new Map<number, number>()
  readonly #fixture: DatagramFixture
  readonly #plans = new Map<Moment, Act>()
  readonly #clientWatchers: Watcher[] = []
  isEnding = false
  /** How many requests were acknowledged and arrived. */
  delivered = 0
  /** Handlers that run, by the channel they have. */
  readonly #running = new Set<DatagramChannel>()

  constructor(fixture: DatagramFixture, targets: Targets, { form, isWatched }: DatagramSetup) {
    this.#fixture = fixture
    const server = fixture.createServer(handlerOf(form, this))
    this.subject = new Subject(server, targets, isWatched, UNHEARD)
  }

  // Clients.

  connect(isAborted: boolean): void {
    const { address, pledges, life } = this.subject
    const { attempt } = life
    if (address === undefined) return
    const stop = new AbortController()
    const watcher = new Watcher(true)
    this.#clientWatchers.push(watcher)
    let isDialled = false
    const connecting = this.#fixture.connect(address, {
      signal: stop.signal,
      onState: (event) =>
        pledges.guard(() => {
          if (isDialled) watcher.heard(event)
          else assert.equal(event.state, 'dial')
          isDialled = true
        }),
    })
    if (isAborted) stop.abort(new Oops('the model does not want it any more'))
    pledges.keep(
      'connect()',
      connecting,
      (channel) => {
        const name = String(channel.localAddress)
        // The system may give a client the very port that the server has just left: it would get what it sends.
        if (name === String(channel.remoteAddress)) {
          pledges.keep('close() of a client', channel.close(), () => {}, never)
          return
        }
        this.clients.push({ channel, name, attempt, last: -1 })
        if (this.isEnding) this.closeClient(this.clients.length - 1)
      },
      oneOf(...UNHEARD),
    )
  }

  request(which: number, length: number): void {
    const client = which % this.clients.length
    const { channel } = this.clients[client] as Client
    this.#send('a request', this.#requests, client, length, (data) => channel.write(data))
  }

  read(which: number): void {
    const client = this.clients[which % this.clients.length] as Client
    this.subject.pledges.keep(
      'read() of a client',
      client.channel.read(),
      (data) => {
        if (data !== null) this.#answered(client, data)
      },
      READING,
    )
  }

  #answered(client: Client, data: Buffer): void {
    const number = arrived(this.#replies, data)
    const message = this.#replies[number] as Message
    assert.equal(this.clients[message.client]?.name, client.name, 'an answer for another')
    assert.ok(number > client.last, 'answers in another order')
    client.last = number
  }

  closeClient(which: number): void {
    const client = this.clients[which % this.clients.length] as Client
    this.subject.pledges.keep('close() of a client', client.channel.close(), () => {}, never)
  }

  // The server's side.

  plan(moment: Moment, act: Act): void {
    this.#plans.set(moment, act)
  }

  /** The server has received something, by whatever way. */
  received(data: Buffer): number {
    const number = arrived(this.#requests, data)
    const { client } = this.#requests[number] as Message
    assert.ok(number > (this.#lastOf.get(client) ?? -1), 'requests in another order')
    this.#lastOf.set(client, number)
    return client
  }

  reply(client: number, length: number, send: (data: Buffer) => Promise<void>): void {
    this.#send('an answer', this.#replies, client, length, send)
  }

  #send(
    what: string,
    messages: Message[],
    client: number,
    length: number,
    send: (data: Buffer) => Promise<void>,
  ): void {
    const message = { client, length: length + HEADER, isAcknowledged: false, hasArrived: false }
    const number = messages.push(message) - 1
    const sending = send(numbered(number, length + HEADER))
    this.subject.pledges.keep(what, sending, () => void (message.isAcknowledged = true), SENDING)
  }

  act(moment: Moment, channel: DatagramChannel, from?: number, datagram?: Datagram): void | Promise<void> {
    // In the end nobody is there any more to finish what waits.
    const planned = this.isEnding ? undefined : this.#plans.get(moment)
    const act = planned ?? (moment === 'handler' || moment === 'data' ? 'replies' : 'returns')
    this.#plans.delete(moment)
    switch (act) {
      case 'throws':
        this.subject.failures += 1
        throw new Oops(`${moment} throws`)
      case 'rejects':
        this.subject.failures += 1
        return Promise.reject(new Oops(`${moment} rejects`))
      case 'waits':
        return new Promise((resolve, reject) => void this.tasks.push({ resolve, reject }))
      case 'replies':
        if (from !== undefined) this.reply(from, 20, (data) => channel.write(data))
        return undefined
      case 'holds':
        if (from !== undefined && datagram !== undefined) this.held.push({ datagram, client: from })
        return undefined
      case 'closes':
        this.subject.pledges.keep('close() in a handler', channel.close(), () => {}, never)
        return undefined
      case 'closes the server':
        void this.subject.close()
        return undefined
      case 'shuts down':
        void this.subject.shutdown('default')
        return undefined
      case 'returns':
        return undefined
    }
  }

  /** Calls of a handler function never overlap. */
  async alone(channel: DatagramChannel, run: () => Promise<void>): Promise<void> {
    this.subject.pledges.guard(() => assert.ok(!this.#running.has(channel), 'a handler runs twice at a time'))
    this.#running.add(channel)
    try {
      await run()
    } finally {
      this.#running.delete(channel)
    }
  }

  answerHeld(which: number, length: number): void {
    const [held] = this.held.splice(which % this.held.length, 1)
    if (held !== undefined) this.reply(held.client, length, (data) => held.datagram.reply(data))
  }

  finishTask(which: number, how: 'done' | 'fails'): void {
    const [task] = this.tasks.splice(which % this.tasks.length, 1)
    if (how === 'done') task?.resolve()
    else if (task !== undefined) {
      this.subject.failures += 1
      task.reject(new Oops('a handler rejects'))
    }
  }

  // Invariants.

  check(): void {
    this.subject.check()
    const { server, life } = this.subject
    const stats = server.stats() as DatagramServerStats
    const { queueFull, unread, closing } = stats.datagramsDropped
    assert.ok(stats.datagramsReceived >= queueFull + unread + closing, 'more dropped than received')
    const seen = this.#requests.filter(({ hasArrived }) => hasArrived).length
    assert.ok(seen <= stats.datagramsReceived - queueFull - closing - unread, 'more seen than received')
    assert.ok(stats.datagramsReceived <= this.#requests.length, 'more received than sent')
    assert.ok(stats.datagramsSent + stats.sendErrors <= this.#replies.length, 'more answered than that')
    if (life.canListen) assert.equal(server.openConnections, 0)
  }

  // The end.

  /** Waits until everything that was acknowledged has arrived, then shuts down. */
  async endGently(patience: number): Promise<void> {
    this.isEnding = true
    const { life } = this.subject
    const { attempt } = life
    const missing = (): number => this.#requests.filter((request) => isMissing(request)).length
    const isMissing = ({ isAcknowledged, hasArrived, client }: Message): boolean =>
      isAcknowledged && !hasArrived && this.clients[client]?.attempt === attempt
    const end = performance.now() + patience
    while (life.attempt === attempt && life.state === 'listening' && missing() > 0) {
      this.#release()
      await nextTurn()
      this.check()
      assert.ok(performance.now() < end, `${missing()} acknowledged requests have not arrived`)
    }
    this.delivered = this.#requests.filter(
      ({ isAcknowledged, hasArrived }) => isAcknowledged && hasArrived,
    ).length
    this.#release()
    await this.subject.endGently()
  }

  async endByForce(): Promise<void> {
    this.isEnding = true
    await this.subject.close()
  }

  #release(): void {
    while (this.tasks.length > 0) this.finishTask(0, 'done')
  }

  async finish(patience: number): Promise<void> {
    const { pledges, server } = this.subject
    void this.subject.close()
    for (const which of this.clients.keys()) this.closeClient(which)
    await pledges.allSettled(patience)
    for (const which of this.clients.keys()) this.closeClient(which)
    this.#release()
    await nextTurn()
    await pledges.allSettled(patience)
    this.check()
    this.subject.checkEnd()
    for (const watcher of this.#clientWatchers) watcher.checkEnd()
    const stats = server.stats() as DatagramServerStats
    assert.equal(stats.sendQueueBytes, 0, 'stats().sendQueueBytes')
    assert.equal(
      stats.datagramsSent,
      this.#replies.filter((each) => each.isAcknowledged).length,
      'stats().datagramsSent',
    )
  }
}

function handlerOf(form: Form, world: DatagramWorld): DatagramHandler {
  if (form === 'one')
    return (channel) =>
      world.alone(channel, async () => {
        const datagram = await channel.receive()
        if (datagram !== null) await world.act('handler', channel, world.received(datagram.data), datagram)
      })
  if (form === 'loop')
    return (channel) =>
      world.alone(channel, async () => {
        for await (const datagram of channel.datagrams())
          await world.act('handler', channel, world.received(datagram.data), datagram)
      })
  return {
    open: (channel) => world.act('open', channel),
    data: (channel, data) => world.act('data', channel, world.received(data)),
    close: (channel) => world.act('close', channel),
  }
}
