// Subjects that do wrong, for the harness to find out: `--module` of a child process.
import { createServer } from 'node:net'
import { createSocket } from 'node:dgram'

const stream = (name, treat) => ({
  name,
  about: 'wrong',
  transports: ['tcp'],
  async start({ workload }) {
    const server = createServer((socket) => {
      const session = workload.open()
      socket.on('error', () => {})
      socket.on('data', (chunk) => treat(chunk, session, socket))
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { place: { host: '127.0.0.1', port: server.address().port }, drain: async () => server.close() }
  },
})

const datagram = (name, treat) => ({
  name,
  about: 'wrong',
  transports: ['udp'],
  async start({ workload }) {
    const session = workload.open()
    const socket = createSocket('udp4')
    const answer = (data, { address, port }) => {
      const reply = session.received(data)
      if (reply !== undefined) socket.send(reply, port, address)
    }
    socket.on('message', (data, from) => treat(data, (message) => answer(message, from)))
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return { place: { host: '127.0.0.1', port: socket.address().port }, drain: async () => socket.close() }
  },
})

const reply = (chunk, session, socket) => {
  const answer = session.received(chunk)
  if (answer !== undefined) socket.write(answer)
}

/** Burns CPU time: three times what anything else here costs. */
function burn(microseconds) {
  const until = performance.now() + microseconds / 1000
  while (performance.now() < until);
}

let count = 0
let held

export const subjects = [
  stream('corrupts', (chunk, session, socket) => {
    // One bit in the middle, once in a while.
    if (++count % 50 === 0) chunk[chunk.length >> 1] ^= 1
    reply(chunk, session, socket)
  }),
  stream('loses', (chunk, session, socket) => {
    reply(++count % 50 === 0 ? chunk.subarray(0, chunk.length - 1) : chunk, session, socket)
  }),
  stream('skips', (chunk, session, socket) => {
    if (++count % 50 !== 0) reply(chunk, session, socket)
  }),
  stream('slow', (chunk, session, socket) => {
    burn(100)
    reply(chunk, session, socket)
  }),
  datagram('loses', (data, answer) => {
    if (++count % 100 !== 0) answer(data)
  }),
  datagram('corrupts', (data, answer) => {
    if (++count % 50 === 0) data[data.length >> 1] ^= 1
    answer(data)
  }),
  datagram('reorders', (data, answer) => {
    if (++count % 50 === 0) {
      held = data
      return
    }
    answer(data)
    if (held !== undefined) answer(held)
    held = undefined
  }),
  datagram('doubles', (data, answer) => {
    answer(data)
    if (++count % 50 === 0) answer(data)
  }),
]
