import { describe, expect, it } from '@jest/globals'
import { openFake, systemError } from '../support/fake-server.js'

describe('signal', () => {
  it('signal is one object, which aborts when the connection is closed', async () => {
    const { connection, port } = await openFake()
    const { signal } = connection
    expect(connection.signal).toBe(signal)
    expect(signal.aborted).toBe(false)
    port.close(systemError('ECONNRESET'))
    expect(signal.reason).toMatchObject({ code: 'ERR_SOCK_RESET', cause: { code: 'ECONNRESET' } })
  })

  it('signal that is first asked for afterwards has aborted, with the same reason', async () => {
    const { connection, port } = await openFake()
    port.close(systemError('ECONNRESET'))
    expect(connection.signal.aborted).toBe(true)
    expect(connection.signal.reason).toMatchObject({ code: 'ERR_SOCK_RESET' })
  })

  it('signal says ERR_SOCK_CLOSED after destroy(), with the error in its cause', async () => {
    const reason = new Error('enough')
    for (const early of [true, false]) {
      const { connection } = await openFake()
      const signal = early ? connection.signal : undefined
      connection.destroy(reason)
      expect((signal ?? connection.signal).reason).toMatchObject({ code: 'ERR_SOCK_CLOSED', cause: reason })
    }
  })

  it('signal keeps its first reason: the server drains, also when first asked for later', async () => {
    for (const early of [true, false]) {
      const { connection, port, server } = await openFake()
      const signal = early ? connection.signal : undefined
      void server.shutdown()
      if (signal !== undefined) expect(signal.aborted).toBe(true)
      port.close(systemError('ECONNRESET'))
      expect((signal ?? connection.signal).reason).toMatchObject({ code: 'ERR_SOCK_DRAINING' })
      await server.close()
    }
  })

  it('signal aborts after a clean close, too', async () => {
    const { connection, port } = await openFake()
    const { signal } = connection
    void connection.close()
    expect(signal.aborted).toBe(false)
    port.finish()
    port.end()
    port.close()
    expect(signal.reason).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(signal.reason).not.toHaveProperty('cause')
  })
})
