// Accepts with hardly any descriptors; its clients are in another process, since they need some as well.
import { engine } from '@sock/native'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { ask, echoOn, tell, until } from './tools.mjs'

if (process.argv[2] === 'clients') {
  const { connect } = await import('node:net')
  const port = Number(process.argv[3])
  let closed = 0
  const sockets = Array.from({ length: 60 }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.on('close', () => (closed += 1))
    socket.resume()
  }
  // Turned away are those for whom there is no descriptor; the others are let go then.
  await until(() => closed >= 10)
  for (const socket of sockets) socket.destroy()
  process.disconnect()
} else {
  const errors = new Set()
  let accepted = 0
  const listener = await echoOn(engine, {
    accept(port) {
      accepted += 1
      port.start({ received() {}, ended: () => port.destroy(), drained() {}, finished() {}, closed() {} })
    },
    failed: ({ code, syscall }) => errors.add(`${syscall} ${code}`),
  })
  const { port } = listener.address
  // Node's own handles took theirs before; from here on accepting takes the rest.
  const clients = fork(import.meta.filename, ['clients', String(port)])
  await once(clients, 'exit')
  const before = accepted
  // With its descriptors back, it serves again: whoever waits longest is let in.
  const asking = setInterval(() => void ask(port, '').catch(() => {}), 20)
  await until(() => accepted > before)
  clearInterval(asking)
  await listener.close()
  tell({ errors: [...errors], someWereAccepted: before > 0 })
}
