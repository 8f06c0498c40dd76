/**
 * A syslog receiver for both formats that are in use, RFC 5424 and the older RFC 3164: over UDP, over TCP with octet
 * counting (RFC 6587), and on a Unix socket like /dev/log.
 *
 *   node examples/dist/syslog.js 127.0.0.1:5140 /tmp/log.sock
 *   logger --server 127.0.0.1 --port 5140 --udp hello              or:   logger --socket /tmp/log.sock hello
 *   logger --server 127.0.0.1 --port 5140 --tcp --octet-count hello
 */
import type { Server } from '@sock/core'
import { framed, octetCounted } from '@sock/framing'
import { createTcpServer } from '@sock/tcp'
import { createUdpServer, type DatagramChannel } from '@sock/udp'
import { createUnixgramServer } from '@sock/unixgram'
import { once } from 'node:events'

const FACILITIES = [
  ...'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock'.split(' '),
  ...'local0 local1 local2 local3 local4 local5 local6 local7'.split(' '),
]
const SEVERITIES = 'emerg alert crit err warning notice info debug'.split(' ')

/** `<priority>`, which is eight times the facility plus the severity, and the rest. */
const MESSAGE = /^<(\d{1,3})>(.*)$/s
/** `1 time host app process-id message-id structured-data message` */
const RFC5424 = /^1 \S+ \S+ (\S+) \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(.*)$/s
/** `Jan  2 03:04:05 host tag[process-id]: message`; without the host on a local socket. */
const RFC3164 = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:\S+ )?([^\s:[]+)(?:\[[^\]]*\])?: ?(.*)$/s

function format(text: string): string {
  const [, priority = '', rest = ''] = MESSAGE.exec(text) ?? []
  const facility = FACILITIES[Number(priority) >> 3]
  if (priority === '' || facility === undefined) return `malformed: ${JSON.stringify(text)}`
  // Some libraries, Python's among them, send neither time nor tag.
  const [, app = '-', message = rest] = RFC5424.exec(rest) ?? RFC3164.exec(rest) ?? []
  // RFC 5424 begins its UTF-8 with a mark, and Python ends a message with NUL.
  const line = `${app}: ${message.replace(/^\uFEFF|[\0\s]+$/g, '')}`
  // The text goes to a terminal and comes from strangers: print one line without control characters.
  return `${facility}.${SEVERITIES[Number(priority) & 7]} ${line.replace(/\p{Cc}/gu, ' ')}`
}

/** One loop for all senders. When the server shuts down, it ends after the datagrams received until then. */
async function receive(channel: DatagramChannel): Promise<void> {
  for await (const { data, remoteAddress } of channel.datagrams()) {
    console.log(`${remoteAddress ?? 'local'} ${format(data.toString())}`)
  }
}

/** A message that is too long, or takes longer than a minute, ends its connection. */
const receiveFrames = framed(
  octetCounted({ maxBytes: 65_536 }),
  {
    message({ channel }, frame) {
      console.log(`${channel.remoteAddress} ${format(frame.toString())}`)
    },
  },
  { frameTimeout: 60_000 },
)

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:5140', path = '/tmp/log.sock'] = args
  const udp = createUdpServer(receive)
  const tcp = createTcpServer(receiveFrames, { maxConnections: 1_000, idleTimeout: 3_600_000 })
  const local = createUnixgramServer(receive)
  const servers: Server[] = [udp, tcp, local]
  for (const server of servers) {
    server.on('state', (_state, message) => console.log(message))
    server.on('error', (error) => console.error(error.message))
  }
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  try {
    await udp.listen(address)
    await tcp.listen(address)
    // Like /dev/log: every user of this machine may write to it.
    await local.listen({ path, mode: 0o666 })
    await stop
  } finally {
    await Promise.all(servers.map((server) => server.shutdown({ timeout: 5_000 })))
  }
}

await main(process.argv.slice(2))
