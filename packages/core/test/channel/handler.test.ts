import { describe, expect, it } from '@jest/globals'
import { createServer as createHttpServer } from 'node:http'
import { thrown } from '@sock/test-support/wait'
import type { StreamCallbacks } from '../../src/index.js'
import { checkStreamHandler } from '../../src/lib/channel/handler.js'
import { serveFake } from '../support/fake-server.js'

describe('checkStreamHandler', () => {
  it('checkStreamHandler() takes a function as it is', () => {
    const run = () => {}
    expect(checkStreamHandler(run)).toEqual({ run, callbacks: undefined })
  })

  it('checkStreamHandler() takes a copy of callbacks, so that later changes have no effect (H5)', async () => {
    const heard: string[] = []
    const callbacks: StreamCallbacks = { open: () => void heard.push('first') }
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
    [new Map(), /^Invalid "handler": .*got Map\(0\) \{\}$/],
    [
      new (class {
        onData() {}
      })(),
      /^Invalid "handler"/,
    ],
    [
      new (class {
        data = 1
      })(),
      /^Invalid "handler\.data": expected a function, got 1$/,
    ],
    [
      { dat() {} },
      /^Unknown callback "dat" in handler: did you mean "data"\? The known callbacks are open, data, end, drain, close$/,
    ],
    [{ onData() {} }, /^Unknown callback "onData" in handler: did you mean "data"\?/],
    [{ xyz() {} }, /^Unknown callback "xyz" in handler: the known callbacks are open, /],
    [createHttpServer(), /^Invalid "handler": .*, got a server\. To serve HTTP, pass serveHttp\(server\)/],
    [
      Object.assign(() => {}, { listen() {}, emit() {} }),
      /^Invalid "handler": .*, got an application\. To serve HTTP, pass serveHttp\(createServer\(application\)\)/,
    ],
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

  it('checkStreamHandler() takes the methods of a class, inherited ones too, which keep their instance', async () => {
    class Base {
      readonly #heard: string[]
      constructor(heard: string[]) {
        this.#heard = heard
      }
      open(): void {
        this.#heard.push('open')
      }
      tell(what: string): void {
        this.#heard.push(what)
      }
    }
    class Echo extends Base {
      count = 0
      readonly end = (): void => this.tell('end')
      data(_connection: unknown, chunk: Buffer): void {
        this.count += 1
        this.tell(`${this.count}: ${String(chunk)}`)
      }
    }
    const heard: string[] = []
    const { accept } = await serveFake(new Echo(heard))
    const peer = accept()
    peer.receive('a')
    peer.receive('b')
    peer.end()
    expect(heard).toEqual(['open', '1: a', '2: b', 'end'])
  })

  it('checkStreamHandler() takes nothing from a polluted prototype', () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['data'] = () => {}
    try {
      for (const handler of [{}, new Map(), Object.create({})]) {
        expect(thrown(() => checkStreamHandler(handler)).message).toMatch(/^Invalid "handler"/)
      }
      const instance = new (class {
        open(): void {}
      })()
      expect(Object.keys(checkStreamHandler(instance).callbacks ?? {})).toEqual(['open'])
      expect(Object.keys(checkStreamHandler({ open() {} }).callbacks ?? {})).toEqual(['open'])
    } finally {
      delete prototype['data']
    }
  })
})
