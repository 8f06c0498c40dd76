// Subjects that do wrong, for the harness to find out: `module` of a server process.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

const HOST = '127.0.0.1'

const stream = (name, treat) =>
  server(name, (socket, session) => {
    const reply = (chunk) => {
      const answer = session.received(chunk)
      if (answer !== undefined) socket.write(answer)
    }
    socket.on('data', (chunk) => treat(chunk, reply))
  })

const server = (name, serve) => ({
  name,
  transports: ['tcp'],
  async start({ workload }) {
    const listener = createServer((socket) => {
      socket.on('error', () => {})
      serve(socket, workload.open())
    })
    await new Promise((resolve) => listener.listen(0, HOST, resolve))
    return { place: { host: HOST, port: listener.address().port } }
  },
})

const datagram = (name, treat) => ({
  name,
  transports: ['udp'],
  async start({ workload }) {
    const session = workload.open()
    const socket = createSocket('udp4', (data, { address, port }) => {
      treat(data, (message) => {
        const answer = session.received(message)
        if (answer !== undefined) socket.send(answer, port, address)
      })
    })
    await new Promise((resolve) => socket.bind(0, HOST, resolve))
    return { place: { host: HOST, port: socket.address().port } }
  },
})

let count = 0
let held

/** One bit in the middle, once in a while. */
function corrupt(data, reply) {
  if (++count % 50 === 0) data[data.length >> 1] ^= 1
  reply(data)
}

/** Burns CPU time: three times what anything else here costs. */
function slow(data, reply) {
  for (const until = performance.now() + 0.1; performance.now() < until;);
  reply(data)
}

const skip = (every) => (data, reply) => void (++count % every === 0 || reply(data))

export const subjects = [
  stream('corrupts', corrupt),
  stream('loses', (chunk, reply) => reply(++count % 50 === 0 ? chunk.subarray(0, chunk.length - 1) : chunk)),
  stream('skips', skip(50)),
  stream('slow', slow),
  server('skips lines', (socket, session) => {
    createInterface({ input: socket }).on('line', (line) => ++count % 5000 === 0 || session.received(line))
  }),
  datagram('loses', skip(100)),
  datagram('corrupts', corrupt),
  datagram('reorders', (data, reply) => {
    const late = held
    held = ++count % 50 === 0 ? data : undefined
    if (held === undefined) reply(data)
    if (late !== undefined) reply(late)
  }),
  datagram('doubles', (data, reply) => {
    reply(data)
    if (++count % 50 === 0) reply(data)
  }),
]
