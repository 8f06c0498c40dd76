// What one connection writes to another that turns out to be reset in the same batch, while a stranger connects.
import { engine } from '@sock/native'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { ANYWHERE, SOCKETS, tell, until } from './tools.mjs'

const ROUNDS = 3
const ignore = { received() {}, ended() {}, drained() {}, flushed() {}, closed() {} }
const got = []
const strangers = createServer((socket) => {
  socket.setEncoding('utf8').on('data', (data) => got.push(data))
  socket.on('end', () => socket.end())
})
strangers.listen(0, '127.0.0.1')
await once(strangers, 'listening')

const accepted = []
const listener = await engine.listenStream(ANYWHERE, SOCKETS, {
  accept: (port) => accepted.push(port),
  handshake() {},
  failed() {},
})
const errors = []
for (let round = 0; round < ROUNDS; round++) {
  const peers = []
  for (let index = 0; index < 2; index++) {
    const peer = connect(listener.address.port, '127.0.0.1')
    peers.push(peer.on('error', () => {}))
    await until(() => accepted.length > index)
  }
  const [writer, victim] = accepted.splice(0)
  let isOver = false
  const dialled = new Promise((resolve, reject) =>
    victim.start({
      ...ignore,
      closed(error) {
        errors.push(error?.code)
        const endpoint = { kind: 'ip', host: '127.0.0.1', port: strangers.address().port }
        engine.connectStream(endpoint, SOCKETS).then(resolve, reject)
      },
    }),
  )
  writer.start({
    ...ignore,
    received() {
      // A large write is not gathered: it fails before the engine tells of the reset.
      victim.write(Buffer.alloc(round === 1 ? 64 * 1024 : 16, 'meant for another'))
      writer.write(Buffer.from('the answer'))
    },
  })
  peers[0].setEncoding('utf8').on('data', (data) => {
    got.push(data)
    isOver = true
  })
  // Before the engine looks: it finds both at once, in this order.
  peers[0].write('x')
  peers[1].resetAndDestroy()
  const stranger = await dialled
  stranger.start({ ...ignore, ended: () => stranger.destroy() })
  stranger.write(Buffer.from('from the stranger'))
  stranger.shutdownWrite()
  await until(() => isOver)
  peers[0].destroy()
  writer.destroy()
}
await listener.close()
strangers.close()
await once(strangers, 'close')
tell({ errors, got })
