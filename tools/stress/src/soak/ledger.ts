import type { ClientRecord, ServerRecord, SessionRecord } from './messages.js'
import { isStream } from './transports.js'

/** Matches what clients and server say about each session, and forgets it: an hour of sessions needs no more room than a minute. */
export interface Ledger {
  add(record: SessionRecord): void
  /** Judges what both sides must have told by now: to be called when all is quiet. */
  settle(): void
  readonly totals: Readonly<Totals>
}

export interface Totals {
  /** Sessions that both sides agree upon. */
  matched: number
  /** Of those, the ones in which every byte had to arrive, both ways. */
  exact: number
  acknowledged: number
  delivered: number
  /** Clients that a shutdown ended early. */
  cut: number
}

/** What is known of one session. */
interface Entry {
  client?: ClientRecord
  server?: ServerRecord
  /** It was there already when all was quiet the last time. */
  isOld?: true
}

/** @param lost is told of each session in which something was lost, in a sentence */
export function createLedger(lost: (text: string) => void): Ledger {
  const entries = new Map<number, Entry>()
  const totals: Totals = { matched: 0, exact: 0, acknowledged: 0, delivered: 0, cut: 0 }

  const judge = (session: number, { client, server }: Entry): void => {
    entries.delete(session)
    for (const problem of problemsOf(client, server)) {
      lost(`${(client ?? server)?.transport} session ${session}: ${problem}`)
    }
    if (client === undefined || server === undefined) return
    totals.matched += 1
    totals.acknowledged += client.acknowledged
    totals.delivered += server.delivered
    if (client.polite && (server.end === 'flushed' || client.end === 'clean')) totals.exact += 1
    if (server.end === 'cut' || server.end === 'forced') totals.cut += 1
  }

  return {
    totals,
    add(record) {
      const entry = entries.get(record.session) ?? {}
      entries.set(record.session, entry)
      if (record.side === 'client') entry.client = record
      else entry.server = sum(entry.server, record)
      // Of datagrams more may come.
      if (entry.client !== undefined && entry.server !== undefined && isStream(record.transport)) {
        judge(record.session, entry)
      }
    },
    settle() {
      for (const [session, entry] of entries) {
        if (!entry.isOld && mayStillCome(entry)) entry.isOld = true
        else judge(session, entry)
      }
    },
  }
}

/** A sender that waits for no answer may have gone before all that it sent is taken from the server's queue. */
function mayStillCome({ client }: Entry): boolean {
  return client !== undefined && !client.polite && !isStream(client.transport)
}

function sum(before: ServerRecord | undefined, record: ServerRecord): ServerRecord {
  if (before === undefined) return record
  const { delivered, written } = before
  return { ...record, delivered: record.delivered + delivered, written: record.written + written }
}

/** What the two accounts of one session contradict each other in, in sentences. */
function problemsOf(client: ClientRecord | undefined, server: ServerRecord | undefined): string[] {
  if (client === undefined) return ['the server knows it, and no client does']
  if (server === undefined) {
    return client.acknowledged + client.received === 0 ? [] : ['was answered, and no handler has seen it']
  }
  const problems: string[] = []
  if (client.acknowledged > server.delivered) {
    problems.push(`${client.acknowledged} bytes acknowledged, ${server.delivered} delivered`)
  }
  return [
    ...problems,
    ...(isStream(client.transport) ? ofStream(client, server) : ofDatagrams(client, server)),
  ]
}

function ofStream(client: ClientRecord, server: ServerRecord): string[] {
  if (!client.polite || server.end === 'forced') return []
  if (server.end === 'failed') return ['the connection of a client that behaved was broken']
  const problems: string[] = []
  if (client.end === 'cut') problems.push('its answer ended within a frame')
  if (client.end === 'broken') problems.push('closed in good order by the server, broken for the client')
  if (client.received !== server.written) {
    problems.push(`${server.written} bytes written and flushed, ${client.received} received`)
  }
  // Unless the server was shutting down, only the client could end it.
  if (server.end === 'cut') return problems
  if (client.end === 'early') problems.push('ended by the server before the client was done')
  if (client.sent !== server.delivered) {
    problems.push(`${client.sent} bytes sent, ${server.delivered} delivered`)
  }
  return problems
}

/** Unix datagrams are not lost once they are sent; UDP's may be. Only a client that got each answer at once can tell. */
function ofDatagrams(client: ClientRecord, server: ServerRecord): string[] {
  if (client.received > server.written) return [`${server.written} bytes sent, ${client.received} received`]
  if (client.transport === 'udp' || client.end !== 'clean' || client.received === server.written) return []
  return [`${server.written} bytes sent, ${client.received} received`]
}
