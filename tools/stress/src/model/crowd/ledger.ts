import assert from 'node:assert/strict'
import { content, Received } from '../bytes.js'
import type { EndVerb } from './program.js'

/** One end of a connection, whoever it belongs to. */
export interface End {
  readonly ledger: Ledger
  readonly do: Readonly<Record<Exclude<EndVerb, 'write'>, () => void>> & { write(size: number): void }
  /** Resolves when it is closed. */
  readonly over: Promise<void>
}

let count = 0

/** What one end wrote and read, and what was done to it. */
export class Ledger {
  /** The first bytes of what it writes. */
  readonly id = (count += 1)
  readonly received = new Received()
  sent = 0
  /** Of those, bytes of writes that were refused: they may have left or not. */
  doubtful = 0
  /** It was asked to end what it writes; and it has said that all of it left. */
  mayEnd = false
  endedWell = false
  /** It has read to the end; or reading failed. */
  sawEnd = false
  broke: { readonly error: Error; readonly at: number } | undefined
  /** It wants no more input, so an end that it sees is its own. */
  isDeaf = false
  /** Its connection may break: it, its handler, or its server's end was not gentle to it. */
  hurt: string | undefined
  wasReset = false
  /** Its server was closed: it may be cut off, but not so that it looks whole. */
  wasForced = false
  isOver = false
  /** When it began to close, after which a peer that goes on sending has some time. */
  closesSince = Infinity
  /** What it reads comes from itself, by way of a server that answers. */
  readonly isEcho: boolean
  readonly name: string
  readonly hasReset: boolean

  readonly isOfServer: boolean
  /** A socket of Node's own takes a reset behind a short read for an end: libuv tells it so. */
  readonly mistakesResets: boolean

  constructor(name: string, hasReset: boolean, isEcho: boolean) {
    this.isOfServer = name.startsWith('accepted')
    this.mistakesResets = name.startsWith('raw')
    this.name = `${name} (${this.id})`
    this.hasReset = hasReset
    this.isEcho = isEcho
  }

  take(size: number): Buffer {
    const from = this.sent
    this.sent += size
    return content(this.id, from, this.sent)
  }

  hurtBy(what: string): void {
    if (!this.isOver) this.hurt ??= what
  }

  breaks(error: Error): void {
    this.broke ??= { error, at: Date.now() }
  }

  reset(what: string): void {
    if (this.isOver) return
    this.hurt ??= what
    this.wasReset = this.hasReset
  }

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
}

/** ms of silence after which an end that has closed need not wait for its peer any longer, and some less than that. */
const LINGER = 800

/** Compares what was written with what was read. @param isComplete nobody was cut off by the end. @returns how many streams were whole */
export function compare(ledgers: readonly Ledger[], isComplete: boolean): number {
  const byId = new Map(ledgers.map((one) => [one.id, one]))
  const peers = new Map<Ledger, Ledger>()
  for (const reader of ledgers) {
    const writer = byId.get(reader.received.writer ?? 0)
    if (writer === undefined || writer === reader) continue
    assert.equal(peers.get(reader) ?? writer, writer, `${reader.name} heard of two`)
    peers.set(reader, writer)
    peers.set(writer, reader)
  }
  let whole = 0
  for (const reader of ledgers) {
    const peer = peers.get(reader)
    const writer = reader.isEcho ? reader : peer
    if (writer === undefined) continue
    assert.ok(reader.received.length <= writer.sent, `${reader.name} read more than was written`)
    if (judge(reader, writer, peer, isComplete)) whole += 1
  }
  return whole
}

function judge(reader: Ledger, writer: Ledger, peer: Ledger | undefined, isComplete: boolean): boolean {
  const got = `${reader.received.length} of ${writer.sent} bytes`
  const story = `${reader.name} read ${got} that ${writer.name} wrote`
  const isWhole = reader.received.length >= writer.sent - writer.doubtful
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
    assert.ok(hasWaited, `${story}, and nobody broke it: ${broke.error.message}`)
  } else
    assert.ok(reader.sawEnd && isWhole, `${story}${reader.sawEnd ? ', and came to its end' : ', and waits'}`)
  return true
}
