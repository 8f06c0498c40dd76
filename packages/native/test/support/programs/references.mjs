// Ends on its own, exactly when no open socket is referenced.
import { engine } from '@sock/native'
import { echo, echoOn, SOCKETS, tell } from './tools.mjs'

const steps = []
let accepted
const coming = new Promise((resolve) => (accepted = resolve))
const listener = await echoOn(engine, {
  accept(port) {
    port.start(echo(port))
    accepted(port)
  },
})
const { port } = listener.address
const connection = await engine.connectStream({ kind: 'ip', host: '127.0.0.1', port }, SOCKETS)
const open = [listener, connection, await coming, engine.openUnixgram()]

// Twice does no harm, and counts once.
for (const one of open) for (let times = 0; times < 2; times++) one.unref()

process.on('beforeExit', () => {
  steps.push('nothing')
  const one = open.shift()
  if (one === undefined) return
  one.ref()
  one.ref()
  // It fires only if something else keeps the process alive.
  const timer = setTimeout(() => {
    steps.push(one.constructor.name)
    one.unref()
  }, 10)
  timer.unref()
})
process.on('exit', () => tell(steps))
