import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/tools/testing/wait'
import { openFake, openStuck, serveFake, story, systemError } from '../support/fake-server.js'
import { outcome, settle } from '../support/settle.js'

describe('close', () => {
  it('connection.close() resolves when the port is closed, not when its FIN is sent', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.finish()
    port.end()
    expect(port.calls).toEqual(['start', 'shutdownWrite', 'destroy'])
    expect(await outcome(closing)).toEqual({ state: 'pending' })
    port.close()
    await Promise.all([closing, connection.close()])
  })

  it('connection.close() rejects when the port breaks before everything is flushed', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.close(systemError('ECONNRESET'))
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('connection.close() rejects when the port closes without an error before everything is flushed', async () => {
    const { connection, port, writing } = await openStuck()
    const closing = connection.close()
    port.close()
    expect(await rejection(writing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
    expect(await rejection(closing)).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('connection.close() resolves when the port breaks after everything was flushed', async () => {
    const { connection, port } = await openFake()
    const closing = connection.close()
    port.finish()
    port.close(systemError('ECONNRESET'))
    await closing
  })

  it('connection.close() after closeWrite() sends no second FIN', async () => {
    const { connection, port } = await openFake()
    const ending = connection.closeWrite()
    const closing = connection.close()
    expect(port.count('shutdownWrite')).toBe(1)
    port.finish()
    port.end()
    port.close()
    await Promise.all([ending, closing])
  })

  it('connection.close() lets writes finish that wait for a drain', async () => {
    const { connection, port, writing } = await openStuck()
    const closing = connection.close()
    port.drain()
    await writing
    port.finish()
    port.end()
    port.close()
    await closing
  })
})

describe('openConnections', () => {
  it('openConnections counts a connection off once, though its port reports twice that it is closed', async () => {
    const { port, release, ...scene } = await openFake()
    port.close()
    port.close(systemError('ECONNRESET'))
    expect(scene.server.openConnections).toBe(0)
    expect(story(scene)).toEqual(['new', 'handler', 'close reset'])
    release()
    await settle()
    expect(scene.server.openConnections).toBe(0)
  })
})

describe('destroy', () => {
  it.each<[string, Error | undefined, string]>([
    ['closes the port without an error', undefined, 'destroy'],
    [
      'resets the port with an error, so that the peer takes no part for the whole',
      new Error('oops'),
      'reset',
    ],
  ])('connection.destroy() %s, once', async (_, error, call) => {
    const { connection, port } = await openFake()
    connection.destroy(error)
    connection.destroy(new Error('again'))
    expect(port.calls).toEqual(['start', call])
  })

  it('connection.destroy() rejects everything that waits with its error, and close() afterwards resolves', async () => {
    const { connection, port } = await openFake()
    const reason = new Error('enough')
    const waiting = [connection.read(), connection.closeWrite()]
    connection.destroy(reason)
    for (const each of waiting) expect(await rejection(each)).toBe(reason)
    const closing = connection.close()
    expect(await outcome(closing)).toEqual({ state: 'pending' })
    port.close()
    expect(await outcome(closing)).toMatchObject({ state: 'resolved' })
  })

  it.each([
    ['destroys a connection that only waits for input', true, 'destroy'],
    ['resets a connection with a handler that is at work', false, 'reset'],
  ])('server.close() %s', async (_, reads, call) => {
    const { server, accept } = await serveFake(async (connection) => {
      if (reads) await connection.read()
      else await new Promise(() => {})
    })
    const port = accept()
    const closing = server.close()
    expect(port.calls.at(-1)).toBe(call)
    port.close()
    await closing
  })
})
