// An echo server in a process of its own, which a test starves or disturbs; by the engine "native" if that is its argument.
// It says where it listens, answers each line of its input with what it knows of itself, and leaves in good order when its
// input ends.
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createTcpServer } from '../../dist/index.js'

const say = (what) => console.log(JSON.stringify(what))
const errors = {}
const options = process.argv[2] === 'native' ? { engine: (await import('@sock/native')).engine } : {}
const server = createTcpServer(async (connection) => {
  for await (const chunk of connection) await connection.write(chunk)
}, options)
server.on('error', ({ code }) => (errors[code] = (errors[code] ?? 0) + 1))
const { host, port } = await server.listen('127.0.0.1:0')
say({ host, port })
for await (const _ of createInterface({ input: process.stdin })) {
  say({ ...server.stats(), errors, descriptors: readdirSync('/proc/self/fd').length })
}
await server.shutdown({ timeout: 1_000 })
