import { describe, expect, it } from '@jest/globals'
import { openFake, systemError } from '../support/fake-server.js'

describe('signal', () => {
  it.each<[string, (scene: Awaited<ReturnType<typeof openFake>>) => void, object]>([
    [
      'a reset',
      ({ port }) => port.close(systemError('ECONNRESET')),
      { code: 'ERR_SOCK_RESET', cause: { code: 'ECONNRESET' } },
    ],
    ['destroy()', ({ connection }) => connection.destroy(), { code: 'ERR_SOCK_CLOSED' }],
    [
      'destroy() with an error',
      ({ connection }) => connection.destroy(new Error('oops')),
      { code: 'ERR_SOCK_CLOSED', cause: new Error('oops') },
    ],
  ])(
    'connection.signal aborts with a SockError after %s, whether it was read before or not',
    async (_, end, reason) => {
      for (const isEarly of [true, false]) {
        const scene = await openFake()
        const early = isEarly ? scene.connection.signal : undefined
        expect(early?.aborted ?? false).toBe(false)
        end(scene)
        expect(scene.connection.signal.reason).toMatchObject(reason)
        if (isEarly) expect(scene.connection.signal).toBe(early)
      }
    },
  )

  it('connection.signal keeps the reason that the server drains, though the connection breaks later', async () => {
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

  it('connection.signal aborts after a clean close, too', async () => {
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
