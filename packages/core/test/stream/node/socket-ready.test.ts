import { expect, it } from '@jest/globals'
import { later } from '@sock/test-support/resources'
import { rejection } from '@sock/test-support/wait'
import { getEventListeners, once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { socketReady } from '../../../src/lib/stream/node/socket-ready.js'

async function dial(): Promise<Socket> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  later(() => void socket.destroy())
  later(() => void server.close())
  return socket
}

it('socketReady() rejects when the socket closes without an error, and leaves no listener', async () => {
  const socket = await dial()
  const waiting = socketReady(socket, 'connect', [])
  socket.destroy()
  expect((await rejection(waiting)).message).toBe('Socket was closed while it was connecting')
  expect([socket.listenerCount('connect'), socket.listenerCount('close')]).toEqual([0, 0])
})

it('socketReady() rejects with the reason of the signal that aborts, also before, and leaves no listener', async () => {
  const [never, stop] = [new AbortController(), new AbortController()]
  const signals = [undefined, never.signal, stop.signal]
  const waiting = socketReady(await dial(), 'connect', signals)
  const reason = new Error('enough')
  stop.abort(reason)
  expect(await rejection(waiting)).toBe(reason)
  expect(await rejection(socketReady(await dial(), 'connect', signals))).toBe(reason)
  expect(getEventListeners(never.signal, 'abort')).toEqual([])
})
