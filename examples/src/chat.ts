/**
 * A line chat: every line goes to all other members. A member's first line is the name. With a key and a certificate it speaks TLS.
 *
 *   node examples/dist/chat.js 127.0.0.1:7000                      and then, twice:   nc 127.0.0.1 7000
 *   node examples/dist/chat.js 127.0.0.1:7000 key.pem cert.pem     openssl s_client -quiet -connect 127.0.0.1:7000
 */
import { isExpectedClose } from '@sock/core'
import { framed, lines, type FramedChannel } from '@sock/framing'
import { createTcpServer, type TcpConnection } from '@sock/tcp'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

type Member = FramedChannel<string, string | Uint8Array, TcpConnection>

const room = new Map<string, Member>()

function say(line: string, from?: string): void {
  console.log(line)
  for (const [name, member] of room) {
    if (name === from) continue
    const connection = member.channel
    // This write is not awaited, so a member that does not read is disconnected once its queue is full. So it neither
    // delays the others nor fills the memory.
    if (connection.writableNeedDrain) connection.destroy(new Error(`${name} does not keep up`))
    else void member.write(line)
  }
}

/** Runs once per connection. When it returns, the connection is flushed and closed. */
async function serve(member: Member): Promise<void> {
  await member.write('Your name?')
  let name: string | undefined
  try {
    for await (const line of member) {
      if (name !== undefined) {
        say(`${name}: ${line}`, name)
      } else if (line === '' || room.has(line)) {
        await member.write('Another name, please?')
      } else {
        name = line
        const others = [...room.keys()].join(', ') || 'nobody'
        room.set(name, member)
        await member.write(`* here are ${others} and you`)
        say(`* ${name} has come`, name)
      }
    }
    // A server that shuts down ends the input of idle connections. The loop is over then, but you can still write.
    if (member.signal.aborted) await member.write('* the server is going down')
  } catch (error) {
    // Connections end in many ways, and most are not failures.
    if (!isExpectedClose(error)) throw error
  } finally {
    if (name !== undefined) {
      room.delete(name)
      say(`* ${name} has gone`)
    }
  }
}

async function main([address = '127.0.0.1:7000', key, cert]: readonly string[]): Promise<void> {
  const tls = key && cert ? { tls: { key: await readFile(key), cert: await readFile(cert) } } : {}
  const limits = { maxConnections: 1_000, idleTimeout: 3_600_000, ...tls }
  // A line that is too long, or takes longer than a minute, ends its connection.
  const server = createTcpServer(framed(lines({ maxBytes: 1_000 }), serve, { frameTimeout: 60_000 }), limits)
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  await stop
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))
