/**
 * A StatsD collector: sums up counters, gauges, timers and sets from datagrams, and prints them every 10 seconds.
 *
 *   node examples/dist/statsd.js 127.0.0.1:8125 /tmp/statsd.sock
 *   echo 'visits:1|c' | nc -u -w0 127.0.0.1 8125        or:   echo 'visits:1|c' | nc -uU -w0 /tmp/statsd.sock
 */
import type { Server } from '@sock/core'
import { framed, lines } from '@sock/framing'
import { createUdpServer } from '@sock/udp'
import { createUnixgramServer } from '@sock/unixgram'
import { once } from 'node:events'

/** `name:value|type`, then optionally `|@rate` (only this share was sent) and `|#tags`. */
const METRIC = /^([^:|]+):([^|]+)\|(c|g|ms|s)(?:\|@([\d.]+))?(?:\|#(.*))?$/
const KINDS: Record<string, string> = { c: 'counter', g: 'gauge', ms: 'timer', s: 'set' }
/** The names, and the members of sets. Senders choose them: without a limit they would fill the memory. */
const kept = new Set<string>()
const MAX_KEPT = 50_000

const metrics = new Map<string, { kind: string; count: number; sum: number; max: number; at: number }>()
const problems = { malformed: 0, refused: 0 }

function collect(line: string): void {
  if (line === '') return
  const [, name, text = '', type = '', rate = '1', tags = ''] = METRIC.exec(line) ?? []
  const kind = KINDS[type]
  const key = `${kind} ${name}${tags && `{${tags}}`}`
  const id = kind === 'set' ? `${key} ${text}` : key
  const isNew = !kept.has(id)
  const value = kind === 'set' ? Number(isNew) : Number(text)
  if (kind === undefined || Number.isNaN(value)) problems.malformed += 1
  else if (isNew && kept.size === MAX_KEPT) problems.refused += 1
  else {
    kept.add(id)
    const { count, sum, max } = metrics.get(key) ?? { count: 0, sum: 0, max: -Infinity }
    const base = kind === 'gauge' && !/^[+-]/.test(text) ? 0 : sum
    const added = kind === 'counter' ? value / Number(rate) : value
    metrics.set(key, { kind, count: count + 1, sum: base + added, max: Math.max(max, value), at: Date.now() })
  }
}

/** Prints the metrics and forgets them: gauges that no sender has updated for `idle` ms, and all other metrics. */
function flush(idle: number): void {
  kept.clear()
  for (const [key, { kind, count, sum, max, at }] of metrics) {
    const isKept = kind === 'gauge' && Date.now() - at <= idle
    if (isKept) kept.add(key)
    else metrics.delete(key)
    const value = kind === 'timer' ? `count ${count} mean ${sum / count} max ${max}` : sum
    console.log(`${key} ${value}${kind === 'gauge' && !isKept ? ' idle' : ''}`)
  }
  for (const [name, count] of Object.entries(problems)) if (count > 0) console.log(name, count)
  Object.assign(problems, { malformed: 0, refused: 0 })
}

/** Clients put as many lines into a datagram as fit. A line that is too long is skipped, and the rest counts. */
const collector = framed(lines({ maxBytes: 1_000, tooLong: 'skip' }), { message: (_, line) => collect(line) })

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:8125', path = '/tmp/statsd.sock', interval = '10', idle = '600'] = args
  // UDP senders never wait, so a large buffer absorbs their bursts. Senders on a Unix socket do wait.
  const udp = createUdpServer(collector, { receiveBufferSize: 1024 * 1024 })
  const local = createUnixgramServer(collector)
  const servers: Server[] = [udp, local]
  for (const server of servers) {
    server.on('state', (_state, message) => console.log(message))
    server.on('error', (error) => console.error(error.message))
  }
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await udp.listen(address)
  // All users of this machine may send.
  await local.listen({ path, mode: 0o666 })
  setInterval(flush, Number(interval) * 1_000, Number(idle) * 1_000).unref()
  await stop
  await Promise.all([udp.shutdown({ timeout: 5_000 }), local.shutdown({ timeout: 5_000 })])
  flush(Number(idle) * 1_000)
  console.log(`dropped by the system ${udp.stats().datagramsDropped.kernel}`)
}

await main(process.argv.slice(2))
