import { describe, expect, it } from '@jest/globals'
import type { ConnectionCallbacks } from '../src/index.js'
import { checkStreamHandler } from '../src/lib/handler.js'
import { serveFake } from './support/fake-server.js'
import { thrown } from './support/settle.js'

describe('checkStreamHandler', () => {
  it('checkStreamHandler() takes a function as it is', () => {
    const run = () => {}
    expect(checkStreamHandler(run)).toEqual({ run, callbacks: undefined })
  })

  it('checkStreamHandler() takes a copy of callbacks, so that later changes have no effect', async () => {
    const heard: string[] = []
    const callbacks: ConnectionCallbacks = { open: () => void heard.push('first') }
    const { accept } = await serveFake(callbacks)
    callbacks.open = () => void heard.push('changed')
    callbacks.close = () => void heard.push('added')
    accept().close()
    expect(heard).toEqual(['first'])
  })

  it.each<[unknown, RegExp]>([
    [undefined, /^Invalid "handler": expected a function or an object with callbacks .*got undefined$/],
    [{}, /got \{\}$/],
    [[], /got \[\]$/],
    ['x', /got 'x'$/],
    [Object.create({ data() {} }), /^Invalid "handler"/],
    [{ dat() {} }, /^Unknown callback "dat" in handler: known are open, data, end, drain, close$/],
    [{ data: 1 }, /^Invalid "handler\.data": expected a function, got 1$/],
    [{ data: undefined }, /^Invalid "handler\.data": expected a function, got undefined$/],
  ])('checkStreamHandler(%p) refuses, and says why', (handler, message) => {
    const error = thrown(() => checkStreamHandler(handler))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
  })

  it('checkStreamHandler() takes callbacks whose `this` does not matter', async () => {
    let opened = 0
    const { open } = {
      open(this: void) {
        opened += 1
      },
    }
    const { accept } = await serveFake({ open })
    accept()
    expect(opened).toBe(1)
  })
})
