import { expect, it } from '@jest/globals'
import { Socket } from 'node:net'
import { createNodePort } from '../../../src/lib/stream/node/node-port.js'
import type { StreamPort } from '../../../src/lib/stream/port.js'

type Callback = (error?: Error) => void

/** A port over a socket whose first write succeeds later, and whose next one fails at once. */
function brokenPort(): { port: StreamPort; calls: string[]; closed: Promise<Error | undefined> } {
  const calls: string[] = []
  const socket = new Socket()
  socket._write = (_chunk, _encoding, callback: Callback) => setImmediate(callback)
  socket._writev = (_chunks, callback) => callback(new Error('write ECONNRESET'))
  const port = createNodePort(socket, { secure: false, canReset: true })
  const note = (name: string) => () => void calls.push(name)
  const closed = new Promise<Error | undefined>((resolve) => {
    const told = { received: note('received'), ended: note('ended'), drained: note('drained') }
    port.start({ ...told, flushed: note('flushed'), closed: resolve })
  })
  return { port, calls, closed }
}

it.each([
  ['more than the mark of the socket waits', 1024 * 1024],
  ['less than the mark of the socket waits', 16],
])('a Node port reports no drained() after a write that failed, when %s', async (_, size) => {
  const { port, calls, closed } = brokenPort()
  for (let count = 0; count < 3; count++) port.write(Buffer.alloc(size))
  port.requestDrain()
  expect(await closed).toMatchObject({ message: 'write ECONNRESET' })
  expect(calls).toEqual([])
})

it('a Node port counts no write as buffered that it only holds until the end of the turn', async () => {
  const socket = new Socket()
  let sent = ''
  socket._write = (chunk, _encoding, callback: Callback) => {
    sent += String(chunk)
    callback()
  }
  socket._writev = (chunks, callback) => {
    for (const { chunk } of chunks) sent += String(chunk)
    callback()
  }
  const port = createNodePort(socket, { secure: false, canReset: true })
  const drained = new Promise<void>((resolve) => {
    const nothing = (): void => undefined
    port.start({ received: nothing, ended: nothing, drained: resolve, flushed: nothing, closed: nothing })
  })
  port.write(Buffer.from('a'))
  port.write(Buffer.from('b'))
  expect([sent, port.bufferedBytes]).toEqual(['a', 0])
  port.requestDrain()
  await drained
  expect(sent).toBe('ab')
  port.destroy()
})
