/**
 * A DNS responder with a zone of its own. A datagram is one question; the answer goes to its sender. Over TCP each
 * message has its length in front (RFC 1035 §4.2.2).
 *
 *   node examples/dist/dns.js 127.0.0.1:5300         and then:   dig @127.0.0.1 -p 5300 [+tcp] host.example A
 */
import type { Server } from '@sock/core'
import { framed, lengthPrefixed } from '@sock/framing'
import { createTcpServer } from '@sock/tcp'
import { createUdpServer } from '@sock/udp'
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_DESIRED } from 'dns-packet'
import type { Answer, DecodedPacket } from 'dns-packet'
import { once } from 'node:events'

/** Response codes of RFC 1035 §4.1.1. */
const NO_ERROR = 0
const FORMAT_ERROR = 1
const NO_SUCH_NAME = 3

const ttl = 60
const zone: readonly Answer[] = [
  { name: 'host.example', type: 'A', ttl, data: '192.0.2.1' },
  { name: 'host.example', type: 'AAAA', ttl, data: '2001:db8::1' },
  { name: 'host.example', type: 'TXT', ttl, data: 'answered by one datagram' },
  { name: 'example', type: 'MX', ttl, data: { preference: 10, exchange: 'host.example' } },
]

function answer({ id, flags = 0, questions = [] }: DecodedPacket): Buffer {
  const [question] = questions
  const named = zone.filter(({ name }) => name === question?.name.toLowerCase())
  const answers = named.filter(({ type }) => type === question?.type)
  const code = question === undefined ? FORMAT_ERROR : named.length > 0 ? NO_ERROR : NO_SUCH_NAME
  return encode({
    type: 'response',
    ...(id === undefined ? {} : { id }),
    flags: AUTHORITATIVE_ANSWER | (flags & RECURSION_DESIRED) | code,
    questions,
    answers,
  })
}

/** Returns the answer to a message; `undefined` for what is no question. */
function reply(message: Uint8Array): Buffer | undefined {
  try {
    const query = decode(Buffer.from(message))
    // Two responders that answer answers would never stop.
    return query.type === 'query' ? answer(query) : undefined
  } catch {
    // Anyone can send anything to a UDP port. Silence is the only answer that cannot flood a forged sender.
    return undefined
  }
}

/** Callbacks are the fast path: no loop, and only the promise of the answer per question. */
const udp = createUdpServer({
  data(channel, message) {
    const bytes = reply(message)
    // `write` answers the sender of this datagram: the next datagram waits until the promise settles.
    return bytes && channel.write(bytes)
  },
})

const perConnection = framed(lengthPrefixed({ bytes: 2 }), {
  message(peer, message) {
    const bytes = reply(message)
    return bytes === undefined ? peer.close() : peer.write(bytes)
  },
})
const tcp = createTcpServer(perConnection, { maxConnections: 1_000, idleTimeout: 10_000 })

async function main([address = '127.0.0.1:5300']: readonly string[]): Promise<void> {
  const servers: Server[] = [udp, tcp]
  for (const server of servers) {
    server.on('state', (_state, message) => console.log(message))
    server.on('error', (error) => console.error(error.message))
  }
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  try {
    await udp.listen(address)
    await tcp.listen(address)
    await stop
  } finally {
    await Promise.all([udp.shutdown({ timeout: 5_000 }), tcp.shutdown({ timeout: 5_000 })])
  }
  const { datagramsReceived, datagramsSent } = udp.stats()
  console.log(`${datagramsReceived} received, ${datagramsSent} sent`)
}

await main(process.argv.slice(2))
