import { describe, expect, it, jest } from '@jest/globals'
import { later } from '@sock/tools/testing/resources'
import { rejection, until } from '@sock/tools/testing/wait'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:dgram'
import { bindPeer, create, dial, echo, serve } from './support/sockets.js'

const isLinux = process.platform === 'linux'
const itOnLinux = isLinux ? it : it.skip

/** What the system allows at most, before it doubles it. */
function maximum(name: 'rmem_max' | 'wmem_max'): number {
  return Number(readFileSync(`/proc/sys/net/core/${name}`, 'utf8'))
}

/** The calls of a method of all dgram sockets, until the end of the test. */
function spy(
  method: 'setTTL' | 'setMulticastTTL' | 'setMulticastLoopback' | 'setMulticastInterface',
): unknown[] {
  const calls: unknown[] = []
  const original = Socket.prototype[method] as (value: unknown) => unknown
  const spied = jest.spyOn(Socket.prototype, method as 'setTTL')
  spied.mockImplementation(function (this: Socket, value: unknown) {
    calls.push(value)
    return original.call(this, value) as number
  })
  later(() => spied.mockRestore())
  return calls
}

describe('receiveBufferSize and sendBufferSize', () => {
  it('reach the system', async () => {
    let sizes: number[] = []
    await serve(echo, {
      receiveBufferSize: 32 * 1024,
      sendBufferSize: 48 * 1024,
      configure: (socket) => void (sizes = [socket.getRecvBufferSize(), socket.getSendBufferSize()]),
    })
    const factor = isLinux ? 2 : 1
    expect(sizes).toEqual([factor * 32 * 1024, factor * 48 * 1024])
  })

  itOnLinux.each([
    ['receiveBufferSize', 'rmem_max'],
    ['sendBufferSize', 'wmem_max'],
  ] as const)(
    'receiveBufferSize and sendBufferSize tell by an error event if the system gave less than the %s asked for',
    async (option, name) => {
      const asked = Math.round(1.5 * maximum(name))
      const { errors, server } = await serve(echo, { [option]: asked })
      await until(() => errors.length === 1, 'the error is reported')
      expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_BUFFER_SIZE' })
      expect(errors[0]?.message).toContain(`"${option}" of ${asked} bytes`)
      expect(errors[0]?.message).toContain(`granted ${maximum(name)}`)
      expect(server.state).toBe('listening')
    },
  )

  itOnLinux('receiveBufferSize and sendBufferSize are silent if the system gave all', async () => {
    const { errors, address } = await serve(echo, { receiveBufferSize: maximum('rmem_max') })
    const channel = await dial(address, { sendBufferSize: maximum('wmem_max') })
    await channel.write('x')
    await channel.read()
    expect(errors).toEqual([])
  })
})

describe('broadcast', () => {
  const to = { family: 'ipv4', host: '127.255.255.255', port: 9 } as const

  it.each([
    [false, 'EACCES'],
    [undefined, 'EACCES'],
    [true, undefined],
  ])('%p lets a send to a broadcast address end with %p', async (broadcast, code) => {
    const results: unknown[] = []
    const { address } = await serve(
      {
        async data(channel) {
          results.push(
            await channel.send('x', to).then(
              () => undefined,
              (error) => error.code,
            ),
          )
          await channel.write('done')
        },
      },
      { broadcast },
    )
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('done')
    expect(results).toEqual([code])
  })

  itOnLinux('broadcast reaches a receiver by its broadcast address', async () => {
    const { server, address } = await serve({ data() {} }, {}, '0.0.0.0:0')
    const peer = await serve(
      {
        data: (channel, data) => channel.send(data, { ...to, port: address.port }),
      },
      { broadcast: true },
    )
    const sender = await bindPeer()
    sender.send('everybody', peer.address)
    await until(() => server.stats().datagramsReceived === 1, 'it is received')
  })
})

describe('ttl', () => {
  it('ttl is set on the socket, and left alone when not given', async () => {
    const calls = spy('setTTL')
    await serve(echo, { ttl: 7 })
    await serve(echo, {}, '[::1]:0')
    await serve(echo, { ttl: 255 }, '[::1]:0')
    expect(calls).toEqual([7, 255])
  })
})

describe('multicastTtl, multicastLoopback and multicastInterface', () => {
  it('multicastTtl, multicastLoopback and multicastInterface are set on the socket, zeros and false included', async () => {
    const ttl = spy('setMulticastTTL')
    const loopback = spy('setMulticastLoopback')
    const networkInterface = spy('setMulticastInterface')
    await serve(echo, { multicastTtl: 0, multicastLoopback: false, multicastInterface: '127.0.0.1' })
    await serve(echo)
    expect([ttl, loopback, networkInterface]).toEqual([[0], [false], ['127.0.0.1']])
  })

  it('multicastTtl, multicastLoopback and multicastInterface reject an interface that does not exist, and leave the server idle', async () => {
    const { server } = create(echo, { multicastInterface: '192.0.2.99' })
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.code).toMatch(/^E[A-Z]+$/)
    expect(error.message).toMatch(/^Cannot set "multicastInterface" to '192\.0\.2\.99': /)
    expect(error).toHaveProperty('syscall', 'setMulticastInterface')
    expect(server.state).toBe('idle')
  })
})

describe('configure', () => {
  it('configure gets the bound socket once per run, before anything is received', async () => {
    const seen: unknown[] = []
    const { server, address } = await serve(
      { open: () => void seen.push('open'), data() {} },
      { configure: (socket) => void seen.push(socket instanceof Socket && socket.address().port) },
    )
    expect(seen).toEqual([address.port, 'open'])
    await server.close()
    const again = await server.listen('127.0.0.1:0')
    expect(seen).toEqual([address.port, 'open', again.port, 'open'])
  })

  it('configure makes listen reject if it throws, and leaves nothing', async () => {
    const opened: unknown[] = []
    const { server, events } = create(
      { open: () => void opened.push(1), data() {} },
      {
        configure() {
          throw new Error('not like this')
        },
      },
    )
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.message).toBe('not like this')
    expect([server.state, server.openConnections, opened, events]).toEqual(['idle', 0, [], []])
  })

  it('configure makes connectUdp reject if it throws, and leaves nothing', async () => {
    const error = await rejection(
      dial('127.0.0.1:9', {
        configure() {
          throw new Error('not like this')
        },
      }),
    )
    expect(error.message).toBe('not like this')
  })
})
