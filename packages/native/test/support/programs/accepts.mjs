// Accepts as many connections as its argument says, one after the other.
import { engine } from '@sock/native'
import { ANYWHERE, ask, echo, SOCKETS, tell } from './tools.mjs'

const sockets = { ...SOCKETS, noDelay: true, keepAlive: 60_000 }
const listener = await engine.listenStream(ANYWHERE, sockets, {
  accept: (port) => port.start(echo(port)),
  handshake() {},
  failed() {},
})
const answers = []
for (let left = Number(process.argv[2]); left > 0; left--) answers.push(await ask(listener.address.port, 'x'))
await listener.close()
tell(answers)
