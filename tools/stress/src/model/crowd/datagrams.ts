import assert from 'node:assert/strict'
import type { Address, Datagram, DatagramChannel, DatagramHandler, DatagramServerStats } from '@sock/core'
import { arrived, numbered, UNHEARD, type Message } from '../messages.js'
import { never, oneOf, type Pledges } from '../pledges.js'
import type { CrowdServer } from './crowd-server.js'

export type DialDatagram = (address: Address) => Promise<DatagramChannel>

interface Client {
  readonly channel: DatagramChannel
  /** Of its server: what was sent before that was stopped may be lost. */
  readonly stops: number
  isClosed: boolean
  lastAnswer: number
  lastRequest: number
}

interface Request extends Message {
  readonly answers: number
}

const SENDING = oneOf(...UNHEARD)
/** Bytes: of what is gathered, of what is too large for that, and of what just fits. Most are small. */
const LENGTHS = [64, 64, 64, 2_048, 64, 64, 2_049, 3_000] as const
/** One more than are gathered at a time. */
const MANY = 257

/** The clients of one datagram server, and all that travels. */
export class Datagrams {
  readonly clients: Client[] = []
  delivered = 0
  readonly #requests: Request[] = []
  readonly #answers: Message[] = []
  readonly #owner: () => CrowdServer
  readonly #pledges: Pledges
  readonly #at: () => unknown

  /** @param at does what is planned for a callback, and returns or throws as planned */
  constructor(owner: () => CrowdServer, pledges: Pledges, at: () => unknown) {
    this.#owner = owner
    this.#pledges = pledges
    this.#at = at
  }

  readonly handler: DatagramHandler = {
    data: (channel, data) => {
      this.#pledges.guard(() => this.#serve(data, (answer) => channel.write(answer)))
      return this.#at() as void
    },
  }

  #serve(data: Buffer, reply: Datagram['reply']): void {
    const number = arrived(this.#requests, data)
    const { client, answers } = this.#requests[number] as Request
    const asking = this.clients[client] as Client
    assert.ok(number > asking.lastRequest, 'requests in another order')
    asking.lastRequest = number
    for (let at = 0; at < answers; at++) {
      const length = LENGTHS[at % LENGTHS.length] ?? 0
      this.#send('an answer', this.#answers, { client, length }, (bytes) => reply(bytes))
    }
  }

  connect(dial: DialDatagram): void {
    const { address, stops } = this.#owner()
    if (address === undefined) return
    const opened = (channel: DatagramChannel): void => {
      // The system may give a client the very port that the server has just left: it would get what it sends.
      if (String(channel.localAddress) === String(channel.remoteAddress)) {
        this.#pledges.keep('close() of a client', channel.close(), () => {}, never)
        return
      }
      const client = { channel, stops, isClosed: false, lastAnswer: -1, lastRequest: -1 }
      const which = this.clients.push(client) - 1
      this.#pledges.keep('reading of a client', this.#read(client, which), () => {}, SENDING)
    }
    this.#pledges.keep('connect()', dial(address), opened, SENDING)
  }

  async #read(client: Client, which: number): Promise<void> {
    for (let data; (data = await client.channel.read()) !== null;) {
      const number = arrived(this.#answers, data)
      assert.equal(this.#answers[number]?.client, which, 'an answer for another')
      assert.ok(number > client.lastAnswer, `answer ${number} came after answer ${client.lastAnswer}`)
      client.lastAnswer = number
    }
    client.isClosed = true
  }

  send(which: number, size: number): void {
    const index = which % this.clients.length
    const client = this.clients[index]
    if (client === undefined || client.isClosed) return
    const answers = size > 65_536 ? MANY : size > 4_096 ? 24 : 1
    const message = { client: index, length: 12 + Math.min(size, 2_100), answers }
    this.#send('a request', this.#requests, message, (bytes) => client.channel.write(bytes))
  }

  #send(
    what: string,
    messages: Message[],
    { client, length, ...more }: Pick<Request, 'client' | 'length'> & { answers?: number },
    send: (bytes: Buffer) => Promise<void>,
  ): void {
    const message: Message = { client, length, ...more, isAcknowledged: false, hasArrived: false }
    const number = messages.push(message) - 1
    const acknowledged = (): void => void (message.isAcknowledged = true)
    this.#pledges.keep(what, send(numbered(number, length)), acknowledged, SENDING)
  }

  closeClient(which: number): void {
    const client = this.clients[which % this.clients.length]
    if (client === undefined) return
    client.isClosed = true
    this.#pledges.keep('close() of a client', client.channel.close(), () => {}, never)
  }

  /** What was acknowledged must arrive, on Unix sockets, unless an end of it is gone. @returns what is missing */
  get missing(): string | undefined {
    const { server, stops, spec } = this.#owner()
    if (spec.transport === 'udp') return undefined
    const isMissing = ({ isAcknowledged, hasArrived, client }: Message): boolean => {
      const { isClosed, stops: before } = this.clients[client] as Client
      return isAcknowledged && !hasArrived && !isClosed && before === stops
    }
    const { queueFull } = (server.stats() as unknown as DatagramServerStats).datagramsDropped
    const requests = this.#requests.filter(isMissing).length - queueFull
    const answers = this.#answers.filter(isMissing).length
    return requests > 0 || answers > 0 ? `${requests} requests and ${answers} answers are missing` : undefined
  }

  finish(): void {
    for (const which of this.clients.keys()) this.closeClient(which)
    this.delivered = [...this.#requests, ...this.#answers].filter((one) => one.hasArrived).length
  }
}
