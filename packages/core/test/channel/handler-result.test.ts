import { describe, expect, it } from '@jest/globals'
import { connectStream } from '../../src/lib/stream/client.js'
import { createFakeStreamPort } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { dial, serve } from '../support/fake-datagram-sockets.js'
import { serveFake } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

/* oxlint-disable unicorn/no-thenable -- that is the subject */
const oops = (): never => {
  throw new Error('oops')
}
type Then = (resolve: () => void, reject: (error: Error) => void) => void
const FAILING: Record<string, () => PromiseLike<void>> = {
  'a promise that rejects': () => Promise.reject(new Error('oops')),
  'a thenable whose then() throws': () => thenable(oops),
  'a thenable with a getter that throws': () => Object.defineProperty({}, 'then', { get: oops }) as never,
  'a thenable that rejects twice, at once': () =>
    thenable((_, reject) => {
      reject(new Error('oops'))
      reject(new Error('again'))
    }),
  'a thenable that rejects, resolves and throws': () =>
    thenable((resolve, reject) => {
      reject(new Error('oops'))
      resolve()
      throw new Error('again')
    }),
  'a promise with a then() of its own that throws': () =>
    Object.assign(Promise.reject(new Error('oops')), { then: oops }),
}
const FINE: Record<string, () => PromiseLike<void>> = {
  'a thenable that resolves at once': () => thenable((resolve) => resolve()),
  'a thenable that resolves twice, then rejects and throws': () =>
    thenable((resolve, reject) => {
      resolve()
      resolve()
      reject(new Error('too late'))
      throw new Error('too late')
    }),
}

function thenable(then: Then): PromiseLike<void> {
  return { then } as PromiseLike<void>
}

const ALL = [
  ...Object.entries(FAILING).map(([what, make]) => [what, make, 1] as const),
  ...Object.entries(FINE).map(([what, make]) => [what, make, 0] as const),
]

describe.each(ALL)('%s', (what, make, failures) => {
  const counts = failures === 1 ? 'counts as one failure' : 'is no failure'
  const result = (): never => make() as never

  /** Lets a connection go through its whole life, and shuts down: nothing may be left to wait for. */
  async function live(handler: Parameters<typeof serveFake>[0], settings = {}) {
    const { server, accept, errors } = await serveFake(handler, settings)
    const port = createFakeStreamPort()
    port.bufferedBytes = 20
    accept(port)
    port.receive('hello')
    await settle()
    port.drain()
    port.end()
    await settle()
    if (port.calls.includes('shutdownWrite')) port.finish()
    port.close()
    await settle()
    expect(await server.shutdown()).toMatchObject({ forced: 0 })
    expect(errors.map(({ message }) => message)).toEqual(Array(failures).fill('oops'))
    expect(server.stats()).toMatchObject({ open: 0, handlerErrors: failures })
  }

  it(`${what}, returned by a stream handler, ${counts}`, () => live(result))

  it.each(['open', 'data', 'end', 'drain', 'close'] as const)(
    `${what}, returned by the stream callback %s, ${counts}`,
    (name) =>
      live({
        open: (connection) => void connection.write('more than the mark'),
        [name]: result,
      }),
  )

  it(`${what}, returned by configure of a stream server, ${counts}`, () =>
    live(() => {}, { configure: result }))

  it(`${what}, returned by configure of a stream client, ends the connection only if it fails`, async () => {
    const port = createFakeStreamPort()
    const parts = { transport: 'tcp', remote: undefined, highWaterMark: 10, maxWriteBuffer: 100 } as const
    const connecting = connectStream({
      ...parts,
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      configure: result,
      onState: undefined,
      dial: () => Promise.resolve(port),
    })
    const error = await Promise.race([
      connecting.then((connection) => rejection(connection.read())),
      settle(),
    ]).catch((reason: Error) => reason)
    expect([error?.message, port.isDestroyed]).toEqual(failures === 1 ? ['oops', true] : [undefined, false])
  })

  it(`${what}, returned by configure of a datagram client, ends the channel only if it fails`, async () => {
    const outcome = dial({}, result).then(
      async ({ channel }) => {
        await settle()
        return channel.signal.reason?.cause?.message
      },
      // A getter that throws is reported at once.
      (error: Error) => error.message,
    )
    expect(await outcome).toBe(failures === 1 ? 'oops' : undefined)
  })

  it.each(['data', 'open', 'close', 'a handler'] as const)(
    `${what}, returned by %s of a datagram server, ${counts}, and the next datagrams come`,
    async (name) => {
      let calls = 0
      const once = (): void => (++calls === 1 ? result() : undefined)
      const { port, server, errors } = await serve(name === 'a handler' ? once : { [name]: once })
      for (let count = 0; count < 3; count++) {
        port.receive('x', 1)
        await settle()
      }
      expect(await server.shutdown()).toMatchObject({ forced: 0 })
      if (name === 'data' || name === 'a handler') expect(calls).toBe(3)
      expect(errors.map(({ message }) => message)).toEqual(Array(failures).fill('oops'))
      expect(server.stats().handlerErrors).toBe(failures)
    },
  )
})
