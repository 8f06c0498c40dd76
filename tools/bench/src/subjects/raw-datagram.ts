import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { loadUnixDgram } from '../unix-dgram.js'
import type { Running, Setup } from './subject.js'

export async function startRawUdp({ workload }: Setup): Promise<Running> {
  const session = workload.open()
  const socket = createSocket('udp4')
  socket.on('message', (data, { address, port }) => {
    const reply = session.received(data)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    place: { host: '127.0.0.1', port: socket.address().port },
    async drain() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

export async function startRawUnixgram({ path, workload }: Setup): Promise<Running> {
  const session = workload.open()
  const socket = loadUnixDgram().createSocket('unix_dgram', (data, sender) => {
    const reply = session.received(data)
    if (reply !== undefined) socket.send(reply, 0, reply.length, sender.path, ignore)
  })
  let failure: Error | undefined
  socket.on('error', (error) => (failure = error))
  socket.bind(path)
  if (failure !== undefined) throw failure
  return { place: { path }, drain: async () => socket.close() }
}

/** A client whose queue is full gets no answer, which it counts as a loss. */
function ignore(): void {}
