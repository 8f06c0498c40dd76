import { describe, expect, it, jest } from '@jest/globals'
import { withTool } from '@sock/test-support/needs'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import type { Socket } from 'node:net'
import { connectTcp, type TcpClientOptions } from '../src/index.js'
import { established } from './support/kernel.js'
import { dial, dialRaw, echo, readBytes, serve } from './support/servers.js'

const withSs = withTool('ss')

/** Returns the timer that ss(8) shows for one of our sockets: `timer:(keepalive,59sec,0)`, or none. */
async function keepAliveTimer(port: number): Promise<number | 'none'> {
  const shown = await established(port)
  const [, minutes = '0', seconds = '0'] =
    /timer:\(keepalive,(?:(\d+)min)?(?:(\d+)(?:\.\d+)?sec)?/.exec(shown) ?? []
  return shown.includes('keepalive') ? Number(minutes) * 60 + Number(seconds) : 'none'
}

describe('keepAlive', () => {
  // ss(8) shows whether a keep-alive timer of the kernel runs, and how long it still runs.
  // It has run since the connection was made, which may be long ago on a busy machine.
  withSs.each([
    [undefined, 8, 60],
    [true, 8, 60],
    [7_000, 0, 7],
    [600_000, 61, 600],
    [false, 'none', 'none'],
  ])('keepAlive %p reaches accepted and dialled sockets', async (keepAlive, least, most) => {
    const { address, server } = await serve(echo, { keepAlive })
    const client = await dial(address, { keepAlive })
    await until(() => server.openConnections === 1, 'the peer is accepted')
    for (const port of [address.port, client.localAddress.port]) {
      const timer = await keepAliveTimer(port)
      if (least === 'none') expect(timer).toBe('none')
      else {
        expect(timer).toBeGreaterThanOrEqual(least as number)
        expect(timer).toBeLessThanOrEqual(most as number)
      }
    }
  })
})

interface Handle {
  setNoDelay: (this: Handle, on: unknown) => unknown
}

/** Records calls of the TCP handles inside Node's sockets: neither ss(8) nor /proc shows TCP_NODELAY. */
async function watchNoDelay(): Promise<unknown[]> {
  const { address } = await serve()
  const socket = await dialRaw(address)
  // oxlint-disable-next-line no-underscore-dangle
  const handle = Object.getPrototypeOf((socket as unknown as { _handle: Handle })._handle) as Handle
  const calls: unknown[] = []
  const original = handle.setNoDelay
  handle.setNoDelay = function setNoDelay(this: Handle, on) {
    calls.push(on)
    return original.call(this, on)
  }
  later(() => void (handle.setNoDelay = original))
  return calls
}

describe('noDelay', () => {
  it.each([
    [undefined, [true]],
    [true, [true]],
    [false, []],
  ])('noDelay %p reaches accepted sockets', async (noDelay, expected) => {
    const calls = await watchNoDelay()
    const { address, server } = await serve(echo, { noDelay })
    await dialRaw(address)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    expect(calls).toEqual(expected)
  })

  it.each([
    [undefined, [true]],
    [true, [true]],
    [false, []],
  ])('noDelay %p reaches dialled sockets', async (noDelay, expected) => {
    const calls = await watchNoDelay()
    const { address, server } = await serve(echo, { noDelay: false })
    await dial(address, { noDelay })
    await until(() => server.openConnections === 1, 'the peer is accepted')
    expect(calls).toEqual(expected)
  })
})

describe('configure', () => {
  it('configure runs once per connection before the handler, with the socket', async () => {
    const order: string[] = []
    const sockets: Socket[] = []
    const { address } = await serve(
      (connection) => {
        order.push(`handler ${connection.id}`)
        return echo(connection)
      },
      {
        configure(socket) {
          order.push('configure')
          sockets.push(socket)
        },
      },
    )
    for (const text of ['one', 'two']) {
      const client = await dial(address)
      await client.write(text)
      expect(`${await readBytes(client, 3)}`).toBe(text)
    }
    expect(order).toEqual([
      'configure',
      expect.stringMatching(/^handler/),
      'configure',
      expect.stringMatching(/^handler/),
    ])
    expect(new Set(sockets).size).toBe(2)
    expect(sockets[0]).toHaveProperty('setNoDelay')
  })

  it('configure that throws is reported, and ends only its own connection', async () => {
    const handler = jest.fn(echo)
    let calls = 0
    const { address, server, errors } = await serve(handler, {
      configure() {
        calls += 1
        if (calls === 1) throw new Error('no buffer for you')
      },
    })
    // It is reset, perhaps before it has seen that it is connected.
    await rejection(dial(address).then((first) => first.read()))
    await until(() => errors.length > 0, 'the failure is reported')
    expect(errors).toMatchObject([{ message: 'no buffer for you' }])
    expect(handler).not.toHaveBeenCalled()
    const second = await dial(address)
    await second.write('still here')
    expect(`${await readBytes(second, 10)}`).toBe('still here')
    expect(server.stats()).toMatchObject({ accepted: 2, open: 1, handlerErrors: 1 })
  })

  it('connectTcp() rejects with what configure throws, and leaves nothing', async () => {
    const { address, server } = await serve()
    const options: TcpClientOptions = {
      configure() {
        throw new Error('not today')
      },
    }
    expect(await rejection(connectTcp(address, options))).toMatchObject({ message: 'not today' })
    await until(() => server.stats().accepted === 1 && server.openConnections === 0, 'the peer is gone')
  })
})
