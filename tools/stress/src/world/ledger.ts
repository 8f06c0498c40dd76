import assert from 'node:assert/strict'
import type { EndVerb } from './acts.js'
import { content, Received } from './bytes.js'

/** One end of a connection: a socket of Node, or a connection of the library. */
export interface End {
  readonly ledger: Ledger
  readonly do: Readonly<Record<Exclude<EndVerb, 'write'>, () => void>> & { write(size: number): void }
}

/** What one end says in the end, as plain data: the two ends of a connection may be in different processes. */
export type Account = ReturnType<Ledger['account']>

let count = 0

/** Numbers of ends begin after this one: no two processes of a run may have the same. */
export function numberEndsFrom(first: number): void {
  count = first
}

export const nextId = (): number => (count += 1)

/** What one end wrote and read, and what was done to it. */
export class Ledger {
  /** The first bytes of what it writes. */
  readonly id = nextId()
  readonly received = new Received()
  sent = 0
  /** Of those, bytes of writes that were refused: they may have left or not. */
  doubtful = 0
  /** It was asked to end what it writes; and it has said that all of it left. */
  mayEnd = false
  endedWell = false
  /** It has read to the end; or reading failed. */
  sawEnd = false
  broke: { readonly message: string; readonly at: number } | undefined
  /** It wants no more input, so an end that it sees is its own. */
  isDeaf = false
  /** Its connection may break: something was not gentle to it. */
  hurt: string | undefined
  wasReset = false
  /** Its server was closed: it may be cut off, but not so that it looks whole. */
  wasForced = false
  isOver = false
  /** When it began to close, in ms. A peer that goes on sending then has some time. */
  closesSince = Infinity
  readonly name: string
  readonly hasReset: boolean
  /** What it reads comes from itself, by way of a server that answers. */
  readonly isEcho: boolean
  readonly isOfServer: boolean
  /** A socket of Node takes a reset behind a short read for an end: libuv tells it so. */
  readonly mistakesResets: boolean

  constructor(kind: 'accepted' | 'client' | 'raw', transport: string, isEcho: boolean) {
    this.isOfServer = kind === 'accepted'
    this.mistakesResets = kind === 'raw'
    this.name = `${kind} ${transport} (${this.id})`
    this.hasReset = transport !== 'unix'
    this.isEcho = isEcho
  }

  /** The next bytes that it writes. */
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

/** In ms: the silence after which an end that has closed need not wait for its peer any longer, and some less than that. */
const LINGER = 800

export interface Comparison {
  /** Streams that had to arrive whole, and did. */
  readonly whole: number
  readonly problems: readonly string[]
}

/** Compares what was written with what was read. @param isComplete nobody was cut off by the end of the test */
export function compare(accounts: readonly Account[], isComplete: boolean): Comparison {
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
    check(() => assert.equal(peers.get(reader) ?? writer, writer, `${reader.name} heard of two`))
    peers.set(reader, writer)
    peers.set(writer, reader)
  }
  let whole = 0
  for (const reader of accounts) {
    check(() => {
      const peer = peers.get(reader)
      const writer = reader.isEcho ? reader : peer
      if (writer !== undefined && judge(reader, writer, peer, isComplete)) whole += 1
    })
  }
  return { whole, problems }
}

/** @returns whether it had to arrive whole @throws what is wrong */
function judge(reader: Account, writer: Account, peer: Account | undefined, isComplete: boolean): boolean {
  const story = `${reader.name} read ${reader.length} of ${writer.sent} bytes that ${writer.name} wrote`
  assert.ok(reader.length <= writer.sent, `${story}: more than there were`)
  const isWhole = reader.length >= writer.sent - writer.doubtful
  if (!reader.isEcho && reader.sawEnd && !reader.isDeaf) {
    if (writer.endedWell) assert.ok(isWhole, `${story}, and came to its end`)
    else if (reader.mistakesResets && (writer.wasForced || writer.wasReset)) return false
    else if (writer.wasForced) assert.ok(isWhole, `${story}, and took a close() of the server for the end`)
    else if (writer.wasReset) assert.ok(writer.mayEnd && isWhole, `${story}, and took a reset for the end`)
  }
  const isGentle = isComplete && reader.hurt === undefined && peer !== undefined && peer.hurt === undefined
  if (!isGentle || reader.isDeaf) return false
  const { broke } = reader
  if (broke !== undefined) {
    const hasWaited = broke.at - Math.min(reader.closesSince, peer.closesSince) > LINGER
    assert.ok(hasWaited, `${story}, and nobody broke it: ${broke.message}`)
  } else
    assert.ok(reader.sawEnd && isWhole, `${story}${reader.sawEnd ? ', and came to its end' : ', and waits'}`)
  return true
}
