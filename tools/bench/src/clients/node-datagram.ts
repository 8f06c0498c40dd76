import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Load } from '../scenarios/scenario.js'
import { loadUnixDgram } from '../unix-dgram.js'
import type { Endpoint } from './endpoint.js'

export async function connectNodeUdp({ place }: Load, failed: (error: Error) => void): Promise<Endpoint> {
  if (!('port' in place)) throw new Error('udp needs a port')
  const socket = createSocket('udp4', (message) => endpoint.onMessage(message))
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => socket.send(message),
    async close() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
  socket.connect(place.port, place.host)
  await once(socket, 'connect')
  socket.on('error', failed)
  return endpoint
}

export async function connectNodeUnixgram(
  { place, folder }: Load,
  index: number,
  failed: (error: Error) => void,
): Promise<Endpoint> {
  if (!('path' in place)) throw new Error('unixgram needs a path')
  const own = join(folder, `client-${index}`)
  const waiting: Buffer[] = []
  const socket = loadUnixDgram().createSocket('unix_dgram', (message) => endpoint.onMessage(message))
  const send = (message: Buffer): void => {
    // The server's queue is full: back-pressure and no loss. The module tells when there is room.
    socket.send(message, (error) => {
      if (error === undefined) return
      if (error.message === 'congestion') waiting.push(message)
      else failed(error)
    })
  }
  const endpoint: Endpoint = {
    onMessage: () => undefined,
    send: (message) => (waiting.length > 0 ? void waiting.push(message) : send(message)),
    async close() {
      // Not from within a callback of its own: the module ends the process then.
      await new Promise((resolve) => setImmediate(resolve))
      socket.close()
      await rm(own, { force: true })
    },
  }
  socket.on('error', failed)
  socket.on('writable', () => {
    for (const message of waiting.splice(0)) endpoint.send(message)
  })
  socket.bind(own)
  socket.connect(place.path)
  return endpoint
}
