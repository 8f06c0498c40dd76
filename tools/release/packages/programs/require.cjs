/* CommonJS requires every door, and talks to itself. */
const { exchange } = require('@sock/core')
const { nodeEngine } = require('@sock/core/stream')
const { createDatagramServer } = require('@sock/core/datagram')
const { streamConformance } = require('@sock/testing')
const { check } = require('@sock/core/transport')
const { engine } = require('@sock/native')
const { connectTcp, createTcpServer } = require('@sock/tcp')
const { createUdpServer } = require('@sock/udp')
const { createUnixServer } = require('@sock/unix')
const { createUnixgramServer } = require('@sock/unixgram')

async function main() {
  const doors = { integer: check.integer, nodeEngine, createDatagramServer, streamConformance }
  const others = { createUdpServer, createUnixServer, createUnixgramServer }
  for (const [name, value] of Object.entries({ ...doors, ...others }))
    if (value === undefined) throw new Error(`There is no ${name}`)
  // Where there is no binary, with Node's own.
  const options = engine.available ? { engine } : {}
  const server = createTcpServer({ data: (connection, chunk) => connection.write(chunk) }, options)
  const target = await server.listen('127.0.0.1:0')
  console.log(`${await exchange(await connectTcp(target, options), 'hello')}`)
  await server.shutdown()
}
void main()
