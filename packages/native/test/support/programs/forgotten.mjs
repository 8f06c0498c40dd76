// Drops all references to sockets: open ones must stay open, and closed ones must be collected.
import { engine } from '@sock/native'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SOCKETS, tell, until } from './tools.mjs'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const COUNT = 20
const peers = new Set()
const server = createServer((socket) => {
  peers.add(socket)
  socket.on('error', () => {}).on('close', () => peers.delete(socket))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

let alive = COUNT
let received = 0
const registry = new FinalizationRegistry(() => (alive -= 1))
for (let index = 0; index < COUNT; index++) {
  const port = await engine.connectStream(
    { kind: 'ip', host: '127.0.0.1', port: server.address().port },
    SOCKETS,
  )
  registry.register(port)
  const ended = () => port.destroy()
  port.start({ received: () => (received += 1), ended, drained() {}, flushed() {}, closed() {} })
}
await until(() => peers.size === COUNT)
const collect = async () => {
  for (let round = 0; round < 5; round++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
await collect()
const kept = alive
for (const peer of peers) peer.write('x')
await until(() => received === COUNT)
for (const peer of peers) peer.end()
await until(() => peers.size === 0)
// The last one may be on the stack, or in a feedback of the compiler.
await until(() => {
  gc()
  return alive <= 1
})
tell({ kept, received })
server.close()
