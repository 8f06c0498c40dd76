// A server under test, in a process of its own: `node --expose-gc subjects.mjs <subject> <transport> <target>`.
// Subjects do the same with the same socket options, so that they differ in nothing but the library.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createTcpServer } from '@sock/tcp'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'
import { createUnixgramServer } from '@sock/unixgram'
import unixDgram from 'unix-dgram'

/** What the one-way scenario sends at the end of its data, and gets back as soon as all of it was read. */
const END_OF_DATA = 0xff

/** A chunk of one-way data is only looked at; anything else goes back as it came. */
const isOneWay = (chunk) => chunk[0] === 0
const isLast = (chunk) => chunk[chunk.length - 1] === END_OF_DATA

/** @returns what to write in answer, if anything */
function answer(chunk) {
  if (!isOneWay(chunk)) return chunk
  return isLast(chunk) ? chunk.subarray(chunk.length - 1) : undefined
}

const subjects = {
  raw(transport) {
    if (transport === 'udp') return rawUdp()
    if (transport === 'unixgram') return rawUnixgram()
    const server = createServer(
      transport === 'tcp' ? { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } : {},
    )
    server.on('connection', (socket) => {
      socket.on('data', (chunk) => {
        const reply = answer(chunk)
        if (reply !== undefined) socket.write(reply)
      })
      socket.on('error', () => {})
    })
    return (target) =>
      new Promise((listening) => {
        server.listen(transport === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path: target }, () =>
          listening(server.address()),
        )
      })
  },

  callbacks: (transport) =>
    ours(transport, {
      data(connection, chunk) {
        const reply = answer(chunk)
        if (reply !== undefined) void connection.write(reply)
      },
    }),

  'for-await': (transport) =>
    ours(transport, async (connection) => {
      for await (const chunk of connection) {
        const reply = answer(chunk)
        if (reply !== undefined) await connection.write(reply)
      }
    }),
}

function rawUdp() {
  const socket = createSocket('udp4')
  socket.on('message', (data, { address, port }) => {
    const reply = answer(data)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  return () => new Promise((listening) => socket.bind(0, '127.0.0.1', () => listening(socket.address())))
}

function rawUnixgram() {
  const socket = unixDgram.createSocket('unix_dgram', (data, { path }) => {
    const reply = answer(data)
    if (reply !== undefined) socket.send(reply, 0, reply.length, path)
  })
  socket.on('error', (error) => console.error(error))
  return async (target) => {
    socket.bind(target)
    return { path: target }
  }
}

const creators = {
  tcp: createTcpServer,
  udp: createUdpServer,
  unix: createUnixServer,
  unixgram: createUnixgramServer,
}

function ours(transport, handler) {
  const server = creators[transport](handler)
  server.on('error', (error) => console.error(error))
  return (target) => server.listen(target)
}

const [subject, transport, target] = process.argv.slice(2)
process.send({ address: await subjects[subject](transport)(target) })
process.on('message', () => {
  globalThis.gc()
  globalThis.gc()
  process.send({ memory: process.memoryUsage() })
})
process.on('disconnect', () => process.exit())
