import type {
  Channel,
  Connection,
  StreamFunction,
  DatagramChannel,
  DatagramHandler,
  Handler,
} from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { createUdpServer, type UdpServer } from '../src/index.js'

// What is asserted here is asserted by the compiler: `npm run typecheck`.

/** Runs on all transports. */
const anywhere: Handler = async (channel) => {
  for await (const data of channel) await channel.write(data)
}

const onChannels = (channel: Channel): Promise<void> => channel.close()
const onDatagrams = (channel: DatagramChannel): Promise<void> => channel.close()
const onConnections: StreamFunction = (connection) => connection.closeWrite()

describe('createUdpServer', () => {
  it('takes handlers of all transports, and its own', () => {
    const servers: UdpServer[] = [
      createUdpServer(anywhere),
      createUdpServer(onChannels),
      createUdpServer(onDatagrams),
      createUdpServer((channel) => void channel.datagrams()),
      createUdpServer({
        data: (channel, data, from, truncated) => channel.write(`${data} ${from} ${truncated}`),
      }),
      createUdpServer({
        open: (channel: Channel) => void channel.id,
        close: (_, error) => void error?.message,
      }),
    ]
    expect(servers.map(({ state }) => state)).toEqual(Array(servers.length).fill('idle'))
  })

  it('refuses handlers of connections, in the eyes of the compiler', () => {
    // @ts-expect-error -- a datagram channel has no closeWrite() and the like
    createUdpServer(onConnections)
    // @ts-expect-error -- nor is it what this one says it takes
    createUdpServer((connection: Connection) => connection.closeWrite())
    // @ts-expect-error -- neither as a callback
    createUdpServer({ data: (connection: Connection, chunk: Buffer) => connection.write(chunk) })
    // @ts-expect-error -- a data callback has channel, data, sender and truncated, and no fifth
    const five: DatagramHandler = { data: (_1, _2, _3, _4, _5: number) => undefined }
    expect(five).toBeDefined()
  })

  it('knows its options and targets, in the eyes of the compiler', () => {
    const misspelt = (): void => {
      // @ts-expect-error -- an option of streams
      createUdpServer(anywhere, { idleTimeout: 1 })
      // @ts-expect-error -- a target needs a port
      void createUdpServer(anywhere).listen({ host: '127.0.0.1' })
      // @ts-expect-error -- and Unix sockets are elsewhere
      void createUdpServer(anywhere).listen({ path: '/run/app.sock' })
    }
    expect(misspelt).toThrow(TypeError)
  })
})
