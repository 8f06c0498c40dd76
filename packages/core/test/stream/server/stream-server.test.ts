import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { createFakeListener } from '@sock/testing'
import { thrown } from '@sock/test-support/wait'
import { createFakeServer, serveFake } from '../../support/fake-server.js'
import { pass, stopClock } from '../../support/settle.js'

afterEach(() => void jest.useRealTimers())

const handler = { data() {} }

describe('createStreamServer', () => {
  it('createStreamServer() throws for an empty handler, and for a maxWriteBuffer below highWaterMark', () => {
    const open = () => Promise.resolve(createFakeListener())
    expect(thrown(() => createFakeServer({}, open)).message).toMatch(
      /^Invalid "handler": expected a function/,
    )
    const settings = { highWaterMark: 10, maxWriteBuffer: 9 }
    expect(thrown(() => createFakeServer(handler, open, settings)).message).toMatch(
      /^Invalid "maxWriteBuffer"/,
    )
  })
})

describe('shutdown', () => {
  it('shutdown() of a server waits until its listener has drained and closed', async () => {
    await stopClock()
    const listener = createFakeListener({ close: true })
    const { server, accept } = await serveFake(handler, {}, listener)
    const stopping = server.shutdown()
    await pass(20)
    expect(listener.calls).toEqual(['removeName'])
    const late = accept()
    expect(late.isStarted).toBe(true)
    late.close()
    await pass(50)
    expect(listener.calls).toEqual(['removeName', 'close', 'close'])
    expect([server.state, server.address === undefined]).toEqual(['draining', false])
    listener.closed.resolve()
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
    expect([server.state, server.address]).toEqual(['closed', undefined])
  })
})
