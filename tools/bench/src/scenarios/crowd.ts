import { connectNodeStream, type NodeStreamClient } from '../clients/node-stream.js'
import { createMessage } from '../workloads/message.js'
import { createFailure } from './failure.js'
import type { Load } from './scenario.js'

const SIZE = 64
/** A Unix socket is connected before it is accepted, and its queue holds 511. */
const BATCH = 100
/** Ports of one address: fewer than the system hands out (net.ipv4.ip_local_port_range). */
const PORTS_PER_ADDRESS = 20_000

/** Many connections that are open at once. */
export interface Crowd {
  readonly size: number
  /** Opens more, a batch at a time; each batch is accepted before the next one is opened. */
  open(count: number): Promise<void>
  /** Sends a message through each, and compares what comes back. Rejects when one is not served. */
  serveEach(): Promise<void>
  /** Closes all, by RST where there is such a thing: no port is left in TIME_WAIT. */
  close(): Promise<void>
  /** Resolves when all are closed, by whoever. */
  readonly closed: () => Promise<void>
}

export function createCrowd(load: Load): Crowd {
  const members: Member[] = []
  const { fail, failure } = createFailure()
  const open = async (): Promise<Member> => {
    const member = new Member(load, members.length, fail)
    members.push(member)
    await member.connected
    return member
  }
  return {
    get size() {
      return members.length
    },
    async open(count) {
      for (let left = count; left > 0; left -= BATCH) {
        const batch = await Promise.all(Array.from({ length: Math.min(BATCH, left) }, open))
        // Connections are accepted in their order: once the last one is served, all are accepted.
        await Promise.race([failure, batch.at(-1)?.exchange()])
      }
    },
    async serveEach() {
      for (let from = 0; from < members.length; from += BATCH)
        await Promise.race([
          failure,
          Promise.all(members.slice(from, from + BATCH).map((member) => member.exchange())),
        ])
    },
    async close() {
      await Promise.all(members.map((member) => member.close()))
      members.length = 0
    },
    closed: async () => {
      await Promise.all(members.map((member) => member.closed()))
    },
  }
}

class Member {
  readonly connected: Promise<unknown>
  readonly #client: Promise<NodeStreamClient>
  readonly #message: Buffer
  #got = 0
  #served: () => void = () => undefined

  constructor(load: Load, index: number, fail: (error: Error) => void) {
    this.#message = createMessage(SIZE, index, true)
    const onChunk = (chunk: Buffer): void => {
      const to = this.#got + chunk.length
      if (to > SIZE || this.#message.compare(chunk, 0, chunk.length, this.#got, to) !== 0)
        return fail(new Error(`connection ${index} got back what it had not sent`))
      this.#got = to
      if (to === SIZE) this.#served()
    }
    this.#client = connectNodeStream(load, onChunk, fail, localAddress(load, index))
    this.connected = this.#client
  }

  async exchange(): Promise<void> {
    const { socket, closed } = await this.#client
    this.#got = 0
    await new Promise<void>((resolve, reject) => {
      this.#served = resolve
      void closed.then(() => reject(new Error('a connection was closed before it was served')))
      socket.write(this.#message)
    })
  }

  async close(): Promise<void> {
    const { socket, closed } = await this.#client
    if (socket.remoteFamily === undefined || 'encrypted' in socket) socket.destroy()
    else socket.resetAndDestroy()
    await closed
  }

  async closed(): Promise<void> {
    await (
      await this.#client
    ).closed
  }
}

/** All of 127/8 is this machine: each address has ports of its own. */
function localAddress({ transport }: Load, index: number): string | undefined {
  if (transport === 'unix' || index < PORTS_PER_ADDRESS) return undefined
  return `127.0.0.${1 + Math.floor(index / PORTS_PER_ADDRESS)}`
}
