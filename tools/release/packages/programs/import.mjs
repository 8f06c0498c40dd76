/* ES modules import every door, and talk to themselves. */
import { exchange } from '@sock/core'
import { createDatagramServer } from '@sock/core/datagram'
import { nodeEngine } from '@sock/core/stream'
import { streamConformance } from '@sock/testing'
import { check } from '@sock/core/transport'
import { framed, lines } from '@sock/framing'
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'
import { createUnixgramServer } from '@sock/unixgram'

const all = {
  integer: check.integer,
  nodeEngine,
  createDatagramServer,
  streamConformance,
  framed,
  lines,
  createUdpServer,
  createUnixServer,
}
for (const [name, value] of Object.entries({ ...all, createUnixgramServer }))
  if (value === undefined) throw new Error(`There is no ${name}`)
// Where there is no binary, with Node's own.
const options = engine.available ? { engine } : {}
const server = createTcpServer({ data: (connection, chunk) => connection.write(chunk) }, options)
const target = await server.listen('127.0.0.1:0')
console.log(`${await exchange(await connectTcp(target, options), 'hello')}`)
await server.shutdown()
