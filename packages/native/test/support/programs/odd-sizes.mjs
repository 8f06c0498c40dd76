// A stream and a datagram socket share the memory for reads, which their peers fill by odd lengths: `odd-sizes.mjs <binary>`.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { Loop } from '../../../dist/lib/loop.js'
import { kinds } from '../../../dist/lib/numbers.js'
import { tell, until } from './tools.mjs'

const addon = createRequire(import.meta.url)(process.argv[2]).createEngine()
const loop = new Loop(addon)
/** Everything that arrived. It must not change later. */
const chunks = []
const datagrams = []
const errors = []
let bytes = 0
const failed = (kind, errno) => {
  if (kind === kinds.failed) errors.push(errno)
}

const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
await once(server, 'listening')
const stream = addon.connectIp({}, '127.0.0.1', server.address().port)
let isConnected = false
loop.register(stream, {
  chunk(data) {
    chunks.push(data)
    bytes += data.length
  },
  event: (kind, errno) => (kind === kinds.connected ? (isConnected = true) : failed(kind, errno)),
})
const [peer] = await once(server, 'connection')
await until(() => isConnected)
addon.setReading(stream, true)

const socket = addon.openDatagram(4, {}, 0)
addon.bindIp(socket, '127.0.0.1', 0)
loop.register(socket, { datagram: (data) => datagrams.push(data), event: failed })
addon.setReceiving(socket, true)
const [, port] = addon.name(socket, false)
const sender = createSocket('udp4')

/** Each waits until the engine has read it, so that each is a read of its own. */
async function write(length, byte) {
  const expected = bytes + length
  peer.write(Buffer.alloc(length, byte))
  await until(() => bytes === expected)
}
async function send(length, byte) {
  const expected = datagrams.length + 1
  sender.send(Buffer.alloc(length, byte), port, '127.0.0.1')
  await until(() => datagrams.length === expected)
}

// Nearly fills the small slab, and then fills the rest with copies of datagrams that are much smaller than expected.
for (let count = 0; count < 15; count++) await write(4001, 'a')
await write(4090, 'a')
for (let count = 0; count < 300; count++) await send(count % 6 === 0 ? 9000 : 1, 'b')
for (let count = 0; count < 40; count++) await write(3999, 'a')

const wrong = [
  ...chunks.filter((chunk) => chunk.some((byte) => byte !== 0x61)),
  ...datagrams.filter((data) => data.some((byte) => byte !== 0x62)),
]
tell({ bytes, datagrams: datagrams.length, errors, wrong: wrong.length })
loop.close(stream)
loop.close(socket)
sender.close()
server.close()
