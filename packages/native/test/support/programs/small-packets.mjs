// A burst of datagrams that are larger than the packets of the network; run in a network of its own.
import { engine } from '@sock/native'
import { execFileSync } from 'node:child_process'
import { tell } from './tools.mjs'

const COUNT = 20
execFileSync('ip', ['link', 'set', 'lo', 'up', 'mtu', '1280'])
const open = () => engine.openUdp({ host: '127.0.0.1', port: 0, family: 'udp4' }, { multicast: [] })
const ignore = { failed: () => {}, closed: () => {} }
let refused = 0
const server = await open()
server.start({
  ...ignore,
  received(_, from) {
    for (let index = 0; index < COUNT; index++)
      server.send(Buffer.alloc(1400), from, { done: (error) => (refused += error ? 1 : 0) })
  },
})
const received = []
const client = await open()
client.start({
  ...ignore,
  received(data) {
    received.push(data.length)
    if (received.length < COUNT) return
    tell({ received, refused })
    client.close()
    server.close()
  },
})
client.send(Buffer.from('go'), server.localAddress, { done: () => {} })
