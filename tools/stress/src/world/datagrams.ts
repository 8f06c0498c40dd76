import assert from 'node:assert/strict'
import type { DatagramChannel, DatagramHandler } from '@sock/core'
import { never, oneOf, type Pledges } from './pledges.js'
import { answerLength, decodePost, encodePost, Flow, POST_HEADER, UNHEARD } from './posts.js'
import { nextId } from './ledger.js'
import type { Place, WorldServer } from './server.js'

interface Client {
  readonly id: number
  readonly channel: DatagramChannel
  /** How often its server had been stopped when it began. */
  readonly stops: number
  /** Answers that are due. */
  wanted: number
  isClosed: boolean
}

/** What travels between a client and its server. */
interface Flows {
  readonly requests: Flow
  readonly answers: Flow
}

/** What one process knows of one client, as plain data. */
export interface DatagramAccount {
  readonly id: number
  /** The number of its server's place. */
  readonly place: number
  readonly transport: string
  /** Datagrams may be lost: the client was closed, or its server was stopped. */
  readonly mayLose: boolean
  readonly requests: Numbers
  readonly answers: Numbers
}
type Numbers = Pick<Flow, 'sent' | 'acknowledged' | 'arrived'>

const SENDING = oneOf(...UNHEARD)
/** One more than an engine gathers at a time. */
const MANY = 257
const LARGEST = 2_100

/** The datagram server of one place, or its clients, or both; and all that travels. */
export class Datagrams {
  #clients: Client[] = []
  /** By client, of this process or another one. */
  readonly #flows = new Map<number, Flows>()
  readonly #place: () => Place
  readonly #pledges: Pledges
  readonly #at: () => unknown
  #isRunning = false
  #stopsBefore = 0

  /** @param at does what is planned for a callback, and returns or throws as planned */
  constructor(place: () => Place, pledges: Pledges, at: () => unknown = () => undefined) {
    this.#place = place
    this.#pledges = pledges
    this.#at = at
  }

  /** A function that loops, one that takes a single datagram, or callbacks. */
  handler(form: string): DatagramHandler {
    const loop = async (channel: DatagramChannel): Promise<void> => {
      for await (const datagram of channel.datagrams()) {
        this.#serve(datagram.data, (answer) => datagram.reply(answer))
        await this.#at()
      }
    }
    const one = async (channel: DatagramChannel): Promise<void> => {
      const datagram = await channel.receive()
      if (datagram === null) return
      this.#serve(datagram.data, (answer) => datagram.reply(answer))
      await this.#at()
    }
    if (form === 'function') return (channel) => this.#alone(() => loop(channel))
    if (form === 'reader') return (channel) => this.#alone(() => one(channel))
    return {
      data: (channel, data) => {
        this.#serve(data, (answer) => channel.write(answer))
        return this.#at() as void
      },
    }
  }

  /** Calls of a handler function never overlap. */
  async #alone(run: () => Promise<void>): Promise<void> {
    this.#pledges.guard(() => assert.ok(!this.#isRunning, 'a handler runs twice at a time'))
    this.#isRunning = true
    await run().finally(() => (this.#isRunning = false))
  }

  #of(client: number): Flows {
    const flows = this.#flows.get(client) ?? { requests: new Flow(), answers: new Flow() }
    this.#flows.set(client, flows)
    return flows
  }

  #serve(data: Buffer, reply: (answer: Buffer) => Promise<void>): void {
    const { datagrams } = (this.#place() as WorldServer).observer
    datagrams.handled += 1
    this.#pledges.guard(() => {
      const { client, number, wanted } = decodePost(data)
      const { requests, answers } = this.#of(client)
      requests.take(number)
      for (let at = 0; at < wanted; at++) {
        const post = { client, number: answers.next(), wanted: 0, length: answerLength(at) }
        const sent = (): void => void (datagrams.sent += 1)
        const refused = (): void => void (datagrams.refused += 1)
        this.#send('an answer', answers, reply(encodePost(post)), sent, refused)
      }
    })
  }

  connect(dial: () => Promise<DatagramChannel>): void {
    const { stops } = this.#place()
    const opened = (channel: DatagramChannel): void => {
      // The system may give a client the very port that the server has just left: it would get what it sends.
      if (String(channel.localAddress) === String(channel.remoteAddress)) {
        this.#pledges.keep('close() of a client', channel.close(), () => {}, never)
        return
      }
      const client = { id: nextId(), channel, stops, wanted: 0, isClosed: false }
      this.#clients.push(client)
      this.#pledges.keep('reading of a client', this.#read(client), () => {}, SENDING)
    }
    this.#pledges.keep('connect()', dial(), opened, SENDING)
  }

  async #read(client: Client): Promise<void> {
    const { answers } = this.#of(client.id)
    for (let data; (data = await client.channel.read()) !== null;) {
      const post = decodePost(data)
      assert.equal(post.client, client.id, 'an answer for another')
      answers.take(post.number)
    }
    client.isClosed = true
  }

  send(which: number, size: number): void {
    const client = this.#clients[which % this.#clients.length]
    if (client === undefined || client.isClosed) return
    const { requests } = this.#of(client.id)
    const wanted = size > 65_536 ? MANY : size > 4_096 ? 24 : 1
    const length = POST_HEADER + Math.min(size, LARGEST)
    const post = { client: client.id, number: requests.next(), wanted, length }
    const sent = (): void => void (client.wanted += wanted)
    this.#send('a request', requests, client.channel.write(encodePost(post)), sent)
  }

  #send(
    what: string,
    flow: Flow,
    sending: Promise<void>,
    sent: () => void = () => {},
    refused: () => void = () => {},
  ): void {
    const acknowledged = (): void => {
      flow.acknowledged += 1
      sent()
    }
    this.#pledges.keep(what, sending, acknowledged, (error) => {
      refused()
      SENDING(error)
    })
  }

  /** Whether a client waits for an answer. */
  get isWaiting(): boolean {
    return this.#clients.some(
      ({ id, wanted, isClosed }) => !isClosed && this.#of(id).answers.arrived < wanted,
    )
  }

  closeAll(): void {
    for (const client of this.#clients) {
      client.isClosed = true
      this.#pledges.keep('close() of a client', client.channel.close(), () => {}, never)
    }
  }

  /** Whether the server was stopped since accounts were forgotten. */
  get wasStopped(): boolean {
    return this.#place().stops !== this.#stopsBefore
  }

  /** @param place its number @param forgets what was told, and closed clients */
  accounts(place: number, forgets: boolean): DatagramAccount[] {
    const { stops, spec } = this.#place()
    const clients = new Map(this.#clients.map((one) => [one.id, one]))
    const numbers = ({ sent, acknowledged, arrived }: Flow): Numbers => ({ sent, acknowledged, arrived })
    const accounts = [...this.#flows].map(([id, { requests, answers }]) => {
      const client = clients.get(id)
      const before = client?.stops ?? this.#stopsBefore
      const mayLose = spec.transport === 'udp' || before !== stops || client?.isClosed === true
      const flows = { requests: numbers(requests), answers: numbers(answers) }
      return { id, place, transport: spec.transport, mayLose, ...flows }
    })
    if (forgets) {
      this.#clients = []
      this.#flows.clear()
      this.#stopsBefore = stops
    }
    return accounts
  }
}

/**
 * Compares what was sent with what arrived, by client.
 *
 * @param stopped numbers of places whose server was stopped: there, datagrams may be lost, also of clients that the server
 * knows nothing of
 * @returns what is wrong
 */
export function compareDatagrams(
  accounts: readonly DatagramAccount[],
  stopped: readonly number[] = [],
): string[] {
  const problems: string[] = []
  for (const id of new Set(accounts.map((one) => one.id))) {
    const same = accounts.filter((one) => one.id === id)
    const mayLose = same.some((one) => one.mayLose || stopped.includes(one.place))
    for (const flow of ['requests', 'answers'] as const) {
      const sum = (key: keyof Numbers): number => same.reduce((before, one) => before + one[flow][key], 0)
      const story = `${same[0]?.transport} client ${id}: ${sum('arrived')} of ${sum('sent')} ${flow} arrived`
      if (sum('arrived') > sum('sent')) problems.push(`${story}, more than there were`)
      if (!mayLose && sum('arrived') < sum('acknowledged'))
        problems.push(`${story}, and the system took ${sum('acknowledged')}`)
    }
  }
  return problems
}
