// A handler transfers the memory of its chunk, in a batch with other connections: `transfers.mjs <way> [reuse]`.
import { createEngine } from '@sock/native'
import { connect } from 'node:net'
import { ANYWHERE, SOCKETS, tell, until } from './tools.mjs'

const CONNECTIONS = 4
const taken = []
const ways = {
  postMessage(memory) {
    const { port1, port2 } = new MessageChannel()
    port2.on('message', () => {})
    try {
      port1.postMessage(memory, [memory])
    } finally {
      port1.close()
    }
  },
  structuredClone: (memory) => structuredClone(memory, { transfer: [memory] }),
  transfer: (memory) => taken.push(memory.transfer()),
  shorter: (memory) => taken.push(memory.transferToFixedLength(8)),
  call: (memory) => taken.push(ArrayBuffer.prototype.transfer.call(memory)),
  bytes: (memory) =>
    new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(new Uint8Array(memory)) }),
}
const way = ways[process.argv[2]]
const engine = createEngine({ reuseChunks: process.argv[3] === 'reuse' })

const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.message))
const ends = []
let refusal
let isMoved = false
const listener = await engine.listenStream(ANYWHERE, SOCKETS, {
  accept(port) {
    const end = { got: '', error: undefined }
    const isFirst = ends.push(end) === 1
    port.start({
      received(chunk) {
        port.held?.(chunk)
        end.got += chunk
        if (isFirst && end.got === 'one') {
          try {
            way(chunk.buffer)
          } catch (error) {
            refusal = error.name
          }
          isMoved = chunk.buffer.byteLength === 0
        }
        port.held?.()
      },
      ended() {},
      drained() {},
      flushed() {},
      closed: (error) => (end.error = error?.code),
    })
  },
  handshake() {},
  failed() {},
})
const peers = []
for (let index = 0; index < CONNECTIONS; index++) {
  peers.push(connect(listener.address.port, '127.0.0.1').on('error', () => {}))
  await until(() => ends.length > index)
}
// Before the engine looks: it finds all at once, in this order.
for (const peer of peers) peer.write('one')
await until(() => ends.every(({ got, error }) => got === 'one' || error !== undefined))
const before = taken.map((memory) => Buffer.from(memory.slice(0)))
for (const peer of peers) peer.write('two')
await until(() => ends.every(({ got, error }) => got === 'onetwo' || error !== undefined))
const isUntouched = taken.every((memory, index) => before[index].equals(Buffer.from(memory)))
tell({ ends, uncaught, refusal, isMoved, isUntouched })
process.exit()
