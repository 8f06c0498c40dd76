// Shared by the programs. They use the built package, like a user's program.
import { connect } from 'node:net'
import { once } from 'node:events'

export const SOCKETS = { highWaterMark: 65_536, backlog: 511 }
export const ANYWHERE = { kind: 'ip', host: '127.0.0.1', port: 0 }

/** A sink of a port that answers everything with itself, and closes when the peer ends. */
export const echo = (port) => ({
  received: (chunk) => port.write(chunk),
  ended: () => port.shutdownWrite(),
  drained() {},
  flushed: () => port.destroy(),
  closed() {},
})

export function echoOn(engine, more = {}) {
  return engine.listenStream(ANYWHERE, SOCKETS, {
    accept: (port) => port.start(echo(port)),
    handshake() {},
    failed() {},
    ...more,
  })
}

/** Sends a word, and resolves with the answer. */
export async function ask(port, word) {
  const socket = connect(port, '127.0.0.1')
  socket.end(word)
  let answer = ''
  socket.on('data', (data) => (answer += data))
  await once(socket, 'close')
  return answer
}

/** Looks again and again until it holds. */
export async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

export const tell = (value) => console.log(JSON.stringify(value))
