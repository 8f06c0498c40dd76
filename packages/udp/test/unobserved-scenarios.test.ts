import { describe, expect, it, jest } from '@jest/globals'
import { later } from '@sock/tools/testing/resources'
import { until } from '@sock/tools/testing/wait'
import { createUdpServer } from '../src/index.js'
import { bindPeer } from './support/sockets.js'

describe('createUdpServer', () => {
  it('createUdpServer() causes one process warning for failed handlers without an error listener', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    later(() => warn.mockRestore())
    const server = createUdpServer({
      data() {
        throw new Error('broken')
      },
    })
    later(() => server.close())
    const address = await server.listen('127.0.0.1:0')
    const peer = await bindPeer()
    for (let count = 1; count <= 3; count++) {
      peer.send('x', address)
      await until(() => server.stats().handlerErrors === count, 'the handler has failed')
    }
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[1]).toMatchObject({
      type: 'SockHandlerWarning',
      code: 'SOCK_UNOBSERVED_ERROR',
    })
  })
})
