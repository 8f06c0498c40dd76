import { describe, expect, it } from '@jest/globals'
import { dial, serve, turn } from '../support/fake-datagram-sockets.js'
import { reachable } from '../support/reachable.js'

/** What `Channel` and `DatagramChannel` declare. */
const PUBLIC = new Set<PropertyKey>([
  'close',
  'data',
  'datagrams',
  'id',
  'isOpen',
  'localAddress',
  'peerCredentials',
  'read',
  'receive',
  'remoteAddress',
  'send',
  'signal',
  Symbol.asyncDispose,
  Symbol.asyncIterator,
  'transport',
  'write',
])

describe('DatagramChannel', () => {
  it('DatagramChannel has the public members and no others, wherever a user of a server gets it', async () => {
    const seen = new Map<string, object>()
    const note = (where: string, channel: object | undefined): void => {
      if (channel !== undefined) seen.set(where, channel)
    }
    const { port, server } = await serve({
      open: (channel) => note('open', channel),
      data(channel) {
        note('data', channel)
        throw new Error('on purpose')
      },
      close: (channel) => note('close', channel),
    })
    server.on('error', (_error, channel) => note('error of a handler', channel))
    port.receive('x')
    server.on('error', (_error, channel) => note('error of the socket', channel))
    port.fail(new Error('of the system'))
    for (const channel of server.connections()) note('connections()', channel)
    await server.close()
    await turn()
    const places = ['open', 'data', 'error of a handler', 'error of the socket', 'connections()', 'close']
    expect([...seen.keys()].toSorted()).toEqual(places.toSorted())
    for (const channel of seen.values()) expect(reachable(channel)).toEqual(PUBLIC)
  })

  it('DatagramChannel has the public members in a handler function and in a client', async () => {
    const seen: object[] = []
    const { port, server } = await serve((channel) => void seen.push(channel))
    port.receive('x')
    await server.close()
    const { channel } = await dial()
    seen.push(channel)
    await channel.close()
    expect(seen.map(reachable)).toEqual([PUBLIC, PUBLIC])
  })
})
