// Accepts with hardly any file descriptors. Its clients are in another process, since they need some, too.
import { engine } from '@sock/native'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { ask, echoOn, tell, until } from './tools.mjs'

/** Takes all descriptors but so many. @returns gives them back */
function hoard(left) {
  const taken = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if (error.code !== 'EMFILE') throw error
  }
  for (const descriptor of taken.splice(-left)) closeSync(descriptor)
  return () => taken.forEach((descriptor) => closeSync(descriptor))
}

if (process.argv[2] === 'clients') {
  await once(process, 'message')
  let closed = 0
  const sockets = Array.from({ length: 12 }, () => connect(Number(process.argv[3]), '127.0.0.1'))
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.on('close', () => (closed += 1))
    socket.resume()
  }
  // Refused are those for whom there is no descriptor; the others are let go then.
  await until(() => closed >= 5)
  process.exit()
} else {
  const errors = new Set()
  let accepted = 0
  const listener = await echoOn(engine, {
    accept(port) {
      accepted += 1
      port.start({ received() {}, ended: () => port.destroy(), drained() {}, flushed() {}, closed() {} })
    },
    failed({ code, syscall }, acceptAgain) {
      errors.add(`${syscall} ${code}`)
      setTimeout(() => acceptAgain(), 100)
    },
  })
  const { port } = listener.address
  const clients = fork(import.meta.filename, ['clients', String(port)])
  await once(clients, 'spawn')
  const giveBack = hoard(4)
  clients.send('go')
  await once(clients, 'exit')
  giveBack()
  const before = accepted
  // With its descriptors back, it serves again.
  const asking = setInterval(() => void ask(port, '').catch(() => {}), 20)
  await until(() => accepted > before)
  clearInterval(asking)
  await listener.close()
  tell({ errors: [...errors], someWereAccepted: before > 0 })
}
