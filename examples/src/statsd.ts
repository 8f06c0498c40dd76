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

const counters = new Map<string, number>()
const gauges = new Map<string, number>()
const timers = new Map<string, { count: number; sum: number; max: number }>()
const sets = new Map<string, Set<string>>()
let malformed = 0

function collect(line: string): void {
  if (line === '') return
  const [, metric = '', text = '', type, rate = '1', tags] = METRIC.exec(line) ?? []
  const name = tags === undefined ? metric : `${metric}{${tags}}`
  const value = Number(text)
  if (type === undefined || (type !== 's' && Number.isNaN(value))) malformed += 1
  else if (type === 'c') counters.set(name, (counters.get(name) ?? 0) + value / Number(rate))
  else if (type === 'g') gauges.set(name, /^[+-]/.test(text) ? (gauges.get(name) ?? 0) + value : value)
  else if (type === 'ms') time(name, value)
  else sets.set(name, (sets.get(name) ?? new Set()).add(text))
}

function time(name: string, value: number): void {
  const { count, sum, max } = timers.get(name) ?? { count: 0, sum: 0, max: -Infinity }
  timers.set(name, { count: count + 1, sum: sum + value, max: Math.max(max, value) })
}

/** Prints and resets the metrics; only gauges keep their value. */
function flush(): void {
  for (const [name, sum] of counters) console.log(`counter ${name} ${sum}`)
  for (const [name, value] of gauges) console.log(`gauge ${name} ${value}`)
  for (const [name, { count, sum, max }] of timers)
    console.log(`timer ${name} count ${count} mean ${sum / count} max ${max}`)
  for (const [name, values] of sets) console.log(`set ${name} ${values.size}`)
  if (malformed > 0) console.log(`malformed ${malformed}`)
  for (const map of [counters, timers, sets]) map.clear()
  malformed = 0
}

/** Clients put as many lines into a datagram as fit. A line that is too long is skipped, and the rest counts. */
const codec = lines({ maxBytes: 1_000, tooLong: 'skip' })
const collector = framed(codec, { message: (_peer, line) => collect(line) })

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:8125', path = '/tmp/statsd.sock', seconds = '10'] = args
  // UDP senders never wait, so a large buffer absorbs their bursts. Senders on a Unix socket do wait.
  const udp = createUdpServer(collector, { receiveBufferSize: 1024 * 1024 })
  const local = createUnixgramServer(collector)
  for (const server of [udp, local] as Server[]) {
    server.on('state', (_state, message) => console.log(message))
    server.on('error', (error) => console.error(error.message))
  }
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  try {
    await udp.listen(address)
    // All users of this machine may send.
    await local.listen({ path, mode: 0o666 })
    const flushing = setInterval(flush, Number(seconds) * 1_000)
    await stop
    clearInterval(flushing)
  } finally {
    await Promise.all([udp.shutdown({ timeout: 5_000 }), local.shutdown({ timeout: 5_000 })])
  }
  flush()
  console.log(`dropped by the system ${udp.stats().datagramsDropped.kernel}`)
}

await main(process.argv.slice(2))
