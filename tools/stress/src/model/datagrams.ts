import assert from 'node:assert/strict'
import type { Address, DatagramChannel, DatagramHandler, DatagramServerStats } from '@sock/core'
import { never, oneOf, type Pledges } from '../world/pledges.js'
import { answerLength, decodePost, encodePost, Flow, POST_HEADER, UNHEARD } from '../world/posts.js'
import type { CrowdServer } from './server.js'

interface Client {
  readonly channel: DatagramChannel
  /** How often its server had been stopped: what was sent before the next time may be lost. */
  readonly stops: number
  readonly requests: Flow
  readonly answers: Flow
  isClosed: boolean
}

const SENDING = oneOf(...UNHEARD)
/** One more than an engine gathers at a time. */
const MANY = 257
const LARGEST = 2_100

/** The clients of one datagram server, and all that travels. */
export class Datagrams {
  readonly clients: Client[] = []
  readonly #owner: () => CrowdServer
  readonly #pledges: Pledges
  readonly #at: () => unknown
  #isRunning = false

  /** @param at does what is planned for a callback, and returns or throws as planned */
  constructor(owner: () => CrowdServer, pledges: Pledges, at: () => unknown) {
    this.#owner = owner
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

  #serve(data: Buffer, reply: (answer: Buffer) => Promise<void>): void {
    const { datagrams } = this.#owner().observer
    datagrams.handled += 1
    this.#pledges.guard(() => {
      const { client, number, wanted } = decodePost(data)
      const asking = this.clients[client]
      assert.ok(asking !== undefined, 'nobody sent that')
      asking.requests.take(number)
      for (let at = 0; at < wanted; at++) {
        const post = { client, number: asking.answers.next(), wanted: 0, length: answerLength(at) }
        const sent = (): void => void (datagrams.sent += 1)
        const refused = (): void => void (datagrams.refused += 1)
        this.#send('an answer', asking.answers, reply(encodePost(post)), sent, refused)
      }
    })
  }

  connect(dial: (address: Address) => Promise<DatagramChannel>): void {
    const { address, stops } = this.#owner()
    if (address === undefined) return
    const opened = (channel: DatagramChannel): void => {
      // The system may give a client the very port that the server has just left: it would get what it sends.
      if (String(channel.localAddress) === String(channel.remoteAddress)) {
        this.#pledges.keep('close() of a client', channel.close(), () => {}, never)
        return
      }
      const client = { channel, stops, requests: new Flow(), answers: new Flow(), isClosed: false }
      const which = this.clients.push(client) - 1
      this.#pledges.keep('reading of a client', this.#read(client, which), () => {}, SENDING)
    }
    this.#pledges.keep('connect()', dial(address), opened, SENDING)
  }

  async #read(client: Client, which: number): Promise<void> {
    for (let data; (data = await client.channel.read()) !== null;) {
      const post = decodePost(data)
      assert.equal(post.client, which, 'an answer for another')
      assert.ok(post.number < client.answers.sent, 'nobody sent that')
      client.answers.take(post.number)
    }
    client.isClosed = true
  }

  send(which: number, size: number): void {
    const index = which % this.clients.length
    const client = this.clients[index]
    if (client === undefined || client.isClosed) return
    const wanted = size > 65_536 ? MANY : size > 4_096 ? 24 : 1
    const length = POST_HEADER + Math.min(size, LARGEST)
    const post = { client: index, number: client.requests.next(), wanted, length }
    this.#send('a request', client.requests, client.channel.write(encodePost(post)))
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

  closeClient(which: number): void {
    const client = this.clients[which % this.clients.length]
    if (client === undefined) return
    client.isClosed = true
    this.#pledges.keep('close() of a client', client.channel.close(), () => {}, never)
  }

  /** What was acknowledged must arrive, on Unix sockets, unless one end is gone. @returns what is missing */
  get missing(): string | undefined {
    const { server, stops, spec } = this.#owner()
    if (spec.transport === 'udp') return undefined
    const { queueFull, unread } = (server.stats() as DatagramServerStats).datagramsDropped
    const open = this.clients.filter((one) => !one.isClosed && one.stops === stops)
    const missing = (flow: 'requests' | 'answers'): number =>
      open.reduce((sum, one) => sum + one[flow].acknowledged - one[flow].arrived, 0)
    const requests = missing('requests') - queueFull - unread
    const answers = missing('answers')
    return requests > 0 || answers > 0 ? `${requests} requests and ${answers} answers are missing` : undefined
  }

  get delivered(): number {
    return this.clients.reduce((sum, { requests, answers }) => sum + requests.arrived + answers.arrived, 0)
  }
}
