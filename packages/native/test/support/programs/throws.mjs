// What a sink throws is an uncaught exception each time, and the others of the batch get theirs.
import { engine } from '@sock/native'
import { connect } from 'node:net'
import { echoOn, tell, until } from './tools.mjs'

const uncaught = []
process.on('uncaughtException', ({ message }) => uncaught.push(message))
let closed = 0
const listener = await echoOn(engine, {
  accept(port) {
    port.start({
      received(chunk) {
        port.write(chunk)
        throw new Error(`oops ${chunk}`)
      },
      ended: () => port.destroy(),
      drained() {},
      flushed() {},
      closed: () => (closed += 1),
    })
  },
})
const answers = []
for (const word of ['a', 'b', 'c']) {
  const peer = connect(listener.address.port, '127.0.0.1')
  peer.write(word)
  peer.on('data', (data) => {
    answers.push(String(data))
    peer.end()
  })
}
await until(() => closed === 3)
await listener.close()
tell({ uncaught, answers })
