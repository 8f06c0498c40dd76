/**
 * A line chat: every line goes to all other members. A member's first line is the name.
 *
 *   node examples/dist/chat.js 127.0.0.1:7000        and then, twice:   nc 127.0.0.1 7000
 */
import { isExpectedClose } from '@sock/core'
import { createTcpServer, type Connection } from '@sock/tcp'
import { once } from 'node:events'
import { StringDecoder } from 'node:string_decoder'

const MAX_LINE = 1_000
const room = new Map<string, Connection>()

function say(line: string, from?: string): void {
  console.log(line)
  for (const [name, connection] of room) {
    if (name === from) continue
    // This write is not awaited, so a member that does not read is disconnected once its queue is full. So it neither
    // delays the others nor fills the memory.
    if (connection.writableNeedDrain) connection.destroy(new Error(`${name} does not keep up`))
    else void connection.write(`${line}\n`)
  }
}

/** Splits a stream into lines. A chunk may hold half a line, many lines, or end in the middle of a character. */
async function* linesOf(connection: Connection): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of connection) {
    const lines = (rest + decoder.write(chunk)).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > MAX_LINE) throw new Error(`A line is longer than ${MAX_LINE} characters`)
  }
  if (rest !== '') yield rest
}

/** Runs once per connection. When it returns, the connection is flushed and closed. */
async function member(connection: Connection): Promise<void> {
  await connection.write('Your name?\n')
  let name: string | undefined
  try {
    for await (const line of linesOf(connection)) {
      if (name !== undefined) {
        say(`${name}: ${line}`, name)
      } else if (line === '' || room.has(line)) {
        await connection.write('Another name, please?\n')
      } else {
        name = line
        const others = [...room.keys()].join(', ') || 'nobody'
        room.set(name, connection)
        await connection.write(`* here are ${others} and you\n`)
        say(`* ${name} has come`, name)
      }
    }
    // A server that shuts down ends the input of idle connections. The loop is over then, but you can still write.
    if (connection.signal.aborted) await connection.write('* the server is going down\n')
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

async function main([address = '127.0.0.1:7000']: readonly string[]): Promise<void> {
  const server = createTcpServer(member, { maxConnections: 1_000 })
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  await stop
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))
