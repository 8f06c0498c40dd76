// A server on Bun's own sockets, run by Bun. Arguments: transport, path, workload. See `peers.ts` for how it talks to its parent.
import { createWorkload } from '../dist/workload.js'

const [transport, path, name] = process.argv.slice(2)
const { open, report } = createWorkload(name, transport)
const hostname = '127.0.0.1'

/** Writes what has found no room, and reads on when there is none left. */
function flush(socket) {
  const { data } = socket
  if (data.rest === undefined) return
  const written = Math.max(0, socket.write(data.rest))
  data.rest = written < data.rest.length ? data.rest.subarray(written) : undefined
  if (data.rest === undefined) socket.resume()
}

const stream = {
  open: (socket) => void (socket.data = { session: open(), rest: undefined }),
  data(socket, chunk) {
    const { data } = socket
    const reply = data.session.received(chunk)
    if (reply === undefined) return
    const written = data.rest === undefined ? Math.max(0, socket.write(reply)) : 0
    if (written === reply.length) return
    data.rest = Buffer.concat([data.rest ?? Buffer.alloc(0), reply.subarray(written)])
    socket.pause()
  },
  drain: flush,
  error() {},
}

async function listen() {
  if (transport === 'unix') return Bun.listen({ unix: path, socket: stream })
  if (transport === 'tcp') return Bun.listen({ hostname, port: 0, socket: stream })
  const session = open()
  const data = (socket, message, port, address) => {
    const reply = session.received(message)
    if (reply !== undefined) socket.send(reply, port, address)
  }
  return Bun.udpSocket({ hostname, port: 0, socket: { data } })
}

console.log((await listen()).port ?? 0)
process.stdin.on('data', () => console.log(JSON.stringify(report())))
process.stdin.on('end', () => process.exit())
