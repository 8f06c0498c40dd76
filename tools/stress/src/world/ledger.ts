import assert from 'node:assert/strict'
import { isStream } from '@sock/tools/transports'
import type { EndVerb, ServerSpec } from './acts.js'
import { content, Datagrams, Stream, type Input } from './bytes.js'
import { isEcho } from './handlers.js'

/** One end of a connection, or a client of a datagram server. */
export interface End {
  readonly ledger: Ledger
  readonly do: Readonly<Record<Exclude<EndVerb, 'write'>, () => void>> & { write(size: number): void }
}

/** The final account of one end, as plain data: the two ends of a connection may be in different processes. */
export type Account = ReturnType<Ledger['account']>

/** The last number of an end. Two processes must not use the same numbers. */
let last = process.pid * 2 ** 26

/** Records what one end wrote and read, and what happened to it. */
export class Ledger {
  /** The number at the start of its output. */
  readonly id = (last += 1)
  readonly received: Input
  /** In bytes, or the number of datagrams. */
  sent = 0
  /** How many of these belong to rejected writes: they may have been sent or not. */
  doubtful = 0
  /** Whether it was asked to end its output, and whether it has reported that all output was sent. */
  mayEnd = false
  endedWell = false
  /** Whether it has read to the end, and how reading failed. */
  sawEnd = false
  broke: { readonly message: string; readonly at: number } | undefined
  /** Whether it discards its input: then it has caused the end that it sees. */
  isDeaf = false
  /** Why its connection may break, if an act has caused that. */
  hurt: string | undefined
  wasReset = false
  /** Whether its server was closed: its output may be cut off, but must not look complete. */
  wasForced = false
  /** Whether it was destroyed without an error: what it wrote may be cut off anywhere. */
  wasDestroyed = false
  isOver = false
  /** When it began to close, in ms. After that, its peer may send for a while. */
  closesSince = Infinity
  readonly name: string
  readonly hasReset: boolean
  /** Whether it reads its own bytes, which a server echoes. */
  readonly isEcho: boolean
  readonly isOfServer: boolean
  readonly isStream: boolean
  /** Whether it may report a reset as an end, as libuv does after a short read. */
  readonly mistakesResets: boolean
  readonly isSecure: boolean

  constructor(kind: 'accepted' | 'client' | 'raw', spec: ServerSpec) {
    const { transport } = spec
    this.isOfServer = kind === 'accepted'
    this.isStream = isStream(transport)
    this.received = this.isStream ? new Stream() : new Datagrams()
    this.mistakesResets = kind === 'raw'
    this.isSecure = transport === 'tls'
    this.name = `${kind} ${transport} (${this.id})`
    this.hasReset = transport === 'tcp' || transport === 'tls'
    this.isEcho = !this.isOfServer && isEcho(spec)
    if (transport === 'udp') this.hurt = 'UDP may lose anything'
  }

  /** Returns the next bytes to write. */
  take(size: number): Buffer {
    const from = this.sent
    this.sent += size
    return content(this.id, from, this.sent)
  }

  hurtBy(what: string): void {
    if (!this.isOver) this.hurt ??= what
  }

  breaks({ message }: Error): void {
    this.broke ??= { message, at: Date.now() }
  }

  reset(what: string): void {
    if (this.isOver) return
    this.hurt ??= what
    this.wasReset = this.hasReset
  }

  destroy(): void {
    if (this.isOver) return
    this.hurt ??= 'destroyed'
    this.wasDestroyed = this.hasReset
  }

  /** Its server is closed. */
  force(): void {
    if (this.isOver) return
    this.hurt ??= 'its server was closed'
    this.wasForced = this.hasReset && this.isOfServer
  }

  /** Its server drains. */
  drain(): void {
    if (this.isOver) return
    this.hurt ??= 'its server drained'
    this.isDeaf ||= this.isOfServer && !this.sawEnd
  }

  closing(): void {
    this.mayEnd = true
    this.closesSince = Math.min(this.closesSince, Date.now())
  }

  account() {
    const { received, ...own } = this as Ledger
    return { ...own, length: received.length, writer: received.writer }
  }
}

/** In ms. After about this silence, a closed end need not wait for its peer. */
const LINGER = 800

/**
 * Compares output and input.
 * @param isComplete whether the end of the test cut off no connection
 * @returns how many streams and exchanges of datagrams had to arrive whole, and did; how many datagrams arrived; the differences
 */
export function compare(accounts: readonly Account[], isComplete: boolean) {
  const byId = new Map(accounts.map((one) => [one.id, one]))
  const peers = new Map<Account, Account>()
  const problems: string[] = []
  const check = (look: () => void): void => {
    try {
      look()
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  for (const reader of accounts) {
    const writer = byId.get(reader.writer ?? 0)
    if (writer === undefined || writer === reader) continue
    check(() => assert.equal(peers.get(reader) ?? writer, writer, `${reader.name} has two writers`))
    peers.set(reader, writer)
    peers.set(writer, reader)
  }
  let [whole, datagrams] = [0, 0]
  for (const reader of accounts) {
    if (!reader.isStream) datagrams += reader.length
    check(() => {
      const peer = peers.get(reader)
      const wasHeard = peer !== undefined || reader.sent === reader.doubtful || reader.hurt !== undefined
      assert.ok(wasHeard || reader.isStream || !isComplete, `no peer has read what ${reader.name} sent`)
      const writer = reader.isEcho ? reader : peer
      if (writer !== undefined && judge(reader, writer, peer, isComplete)) whole += 1
    })
  }
  return { whole, datagrams, problems }
}

/** @returns whether it had to arrive whole @throws the first difference */
function judge(reader: Account, writer: Account, peer: Account | undefined, isComplete: boolean): boolean {
  const story = `${reader.name} read ${reader.length} of the ${writer.sent} that ${writer.name} wrote`
  assert.ok(reader.length <= writer.sent, `${story}: more than there were`)
  const isWhole = reader.length >= writer.sent - writer.doubtful
  if (!reader.isEcho && reader.sawEnd && !reader.isDeaf) {
    // If it ends its own side over TLS, its `close_notify` may meet the reset, and Node drops the error.
    const mistakesResets = reader.mistakesResets || (reader.isSecure && reader.mayEnd)
    // A close() of the server or a destroy() also resets a connection whose output was sent, if input is left unread or still comes:
    // TCP discards the rest.
    const wasClosedAtOnce = writer.wasForced || writer.wasDestroyed
    if (mistakesResets && (wasClosedAtOnce || (writer.wasReset && !writer.endedWell))) return false
    if (writer.endedWell) assert.ok(isWhole, `${story}, and came to its end`)
    else if (writer.wasForced) assert.ok(isWhole, `${story}, and took a close() of the server for an end`)
    else if (writer.wasReset) assert.ok(writer.mayEnd && isWhole, `${story}, and took a reset for an end`)
  }
  const isGentle = isComplete && reader.hurt === undefined && peer !== undefined && peer.hurt === undefined
  if (!isGentle || reader.isDeaf) return false
  const { broke } = reader
  if (broke !== undefined) {
    const hasWaited = broke.at - Math.min(reader.closesSince, peer.closesSince) > LINGER
    assert.ok(hasWaited, `${story}, and failed without a cause: ${broke.message}`)
  } else
    assert.ok(reader.sawEnd && isWhole, `${story}${reader.sawEnd ? ', and came to its end' : ', and waits'}`)
  return true
}
