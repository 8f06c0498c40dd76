/**
 * A key-value server that speaks RESP, the protocol of Redis: PING, ECHO, GET, SET, DEL, QUIT.
 *
 *   node examples/dist/redis.js 127.0.0.1:6380      and then:   redis-cli -p 6380 set greeting hello
 */
import { reader, type Reader } from '@sock/framing'
import { createTcpServer, type Connection } from '@sock/tcp'
import { once } from 'node:events'

const MAX_ARGUMENTS = 1_000
const MAX_KEYS = 1_000_000

const store = new Map<string, Buffer>()

const bulk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])

const commands: Record<string, (args: readonly Buffer[]) => string | Buffer> = {
  PING: ([text]) => (text === undefined ? '+PONG\r\n' : bulk(text)),
  ECHO: ([text = Buffer.alloc(0)]) => bulk(text),
  QUIT: () => '+OK\r\n',
  GET([key]) {
    const value = store.get(String(key))
    return value === undefined ? '$-1\r\n' : bulk(value)
  },
  SET([key, value]) {
    if (value === undefined) return "-ERR wrong number of arguments for 'set'\r\n"
    if (store.size === MAX_KEYS && !store.has(String(key))) return '-OOM too many keys\r\n'
    store.set(String(key), value)
    return '+OK\r\n'
  },
  DEL: (keys) => `:${keys.filter((key) => store.delete(String(key))).length}\r\n`,
}

/** One command: an array of strings or, from a person at a terminal, a line of words. Null at the end. */
async function readCommand({ readLine, readExactly }: Reader): Promise<Buffer[] | null> {
  const line = await readLine()
  if (line === null) return null
  if (!line.startsWith('*')) return line.split(' ').map((word) => Buffer.from(word))
  const count = Number(line.slice(1))
  if (!(count >= 0 && count <= MAX_ARGUMENTS))
    throw new RangeError(`Expected up to ${MAX_ARGUMENTS} arguments, got ${line}`)
  const args: Buffer[] = []
  while (args.length < count) {
    const size = (await readLine()) ?? ''
    if (!/^\$\d+$/.test(size)) throw new RangeError(`Expected "$" and a size, got ${JSON.stringify(size)}`)
    args.push(await readExactly(Number(size.slice(1))))
    await readLine()
  }
  return args
}

async function serve(connection: Connection): Promise<void> {
  // No key, value or line is longer: the reader refuses it before it is in memory.
  const input = reader(connection, { maxBytes: 1_048_576 })
  for (let command = await readCommand(input); command !== null; command = await readCommand(input)) {
    const [word = '', ...args] = command
    const name = String(word).toUpperCase()
    const run = Object.hasOwn(commands, name) ? commands[name] : undefined
    await connection.write(run === undefined ? `-ERR unknown command '${name.slice(0, 64)}'\r\n` : run(args))
    if (name === 'QUIT') return
  }
}

async function main([address = '127.0.0.1:6380']: readonly string[]): Promise<void> {
  const server = createTcpServer(serve, { maxConnections: 10_000, idleTimeout: 300_000 })
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  await stop
  await server.shutdown({ timeout: 10_000 })
}

await main(process.argv.slice(2))
