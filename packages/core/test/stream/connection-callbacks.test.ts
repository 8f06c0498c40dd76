import { describe, expect, it } from '@jest/globals'
import type { Connection } from '../../src/index.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { openWith } from '../support/callbacks.js'
import { systemError } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

describe('order of callbacks', () => {
  it('callbacks come in order, also when the port delivers everything at once', async () => {
    const { connection, port, heard } = await openWith()
    port.receive('a')
    port.receive('b')
    port.end()
    void connection.close()
    port.finish()
    port.close()
    expect(heard).toEqual(['open', 'data a', 'data b', 'end', 'close'])
  })

  it('callbacks are not called for input after the end', async () => {
    const { port, heard } = await openWith()
    port.end()
    port.receive('too late')
    port.end()
    expect(heard).toEqual(['open', 'end'])
  })

  it('callbacks are not called after destroy(), except close', async () => {
    const { connection, port, heard } = await openWith()
    connection.destroy(new Error('enough'))
    port.receive('was on its way')
    port.end()
    port.close()
    expect(heard).toEqual(['open', 'close enough'])
  })

  it('callbacks are not called for the rest of a delivery in which `data` destroys the connection', async () => {
    const { port, heard } = await openWith({ data: (connection) => connection.destroy(new Error('enough')) })
    for (const text of ['a', 'b', 'c']) port.receive(text)
    port.close()
    expect(heard).toEqual(['open', 'data a', 'close enough'])
  })

  it('drain comes when less than the mark waits, and not before', async () => {
    const { connection, port, heard } = await openWith()
    port.bufferedBytes = 30
    void connection.write('x')
    port.drain(10)
    expect(heard).toEqual(['open'])
    port.drain(9)
    port.drain(0)
    expect(heard).toEqual(['open', 'drain'])
  })
})

describe('callbacks that end the connection', () => {
  it.each(['open', 'data', 'end', 'drain'] as const)('%s may close(): one FIN, one end', async (name) => {
    const { port, connection, heard, errors } = await openWith({
      [name]: (given: Connection) => void given.close(),
    })
    port.bufferedBytes = 30
    void connection.write('x').catch(() => {})
    port.receive('a')
    port.drain()
    port.end()
    port.finish()
    port.close()
    expect(port.count('shutdownWrite')).toBe(1)
    expect(port.count('destroy')).toBe(1)
    expect(heard[0]).toBe('open')
    expect(heard.at(-1)).toBe('close')
    expect(errors).toEqual([])
  })

  it.each(['open', 'data', 'end', 'drain'] as const)('%s may destroy(): close still comes', async (name) => {
    const { port, connection, heard, errors } = await openWith({
      [name]: (given: Connection) => given.destroy(),
    })
    port.bufferedBytes = 30
    void connection.write('x').catch(() => {})
    port.receive('a')
    port.drain()
    port.end()
    port.close()
    expect(port.count('destroy')).toBe(1)
    expect(heard.filter((what) => what.startsWith('close'))).toHaveLength(1)
    expect(heard.at(-1)).toMatch(/^close /)
    expect(errors).toEqual([])
  })

  it('close may close() and destroy() once more, and fail: it is reported', async () => {
    const failure = new Error('oops')
    const { port, heard, errors, server } = await openWith({
      async close(connection) {
        await connection.close()
        connection.destroy()
        throw failure
      },
    })
    port.close(systemError('ECONNRESET'))
    await settle()
    expect(heard).toEqual(['open', 'close Connection was reset or lost'])
    expect(errors).toEqual([failure])
    expect(server.stats()).toMatchObject({ open: 0, handlerErrors: 1 })
  })

  it('close that is still at work is waited for by shutdown()', async () => {
    const work = createDeferred()
    const { port, server } = await openWith({ close: () => work.promise })
    const stopping = server.shutdown()
    port.close(systemError('ECONNRESET'))
    await settle()
    expect(server.state).toBe('draining')
    work.resolve()
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
  })
})
