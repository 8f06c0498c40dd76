// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import type { Channel, Handler, StreamHandler } from '@sock/core'
import { createTcpServer, type TcpConnection } from '@sock/tcp'
import { typed, type Same } from '@sock/test-support/types'
import { createUdpServer, type UdpChannel } from '@sock/udp'
import { createUnixServer, type UnixConnection } from '@sock/unix'
import { framed, json, lines, type ChannelCallbacks, type FramedChannel } from '../src/index.js'

interface Session {
  user: string
}

export function channelsOfServers(): void {
  createTcpServer<Session>(
    framed(lines(), async (peer) => {
      typed<Same<typeof peer.channel, TcpConnection<Session>>>()
      typed<Same<typeof peer.data, Session>>()
      for await (const line of peer) await peer.write(`${peer.data.user}: ${line}`)
    }),
  )
  createTcpServer<Session>(
    framed(lines(), {
      open(peer) {
        peer.data = { user: 'me' }
        // @ts-expect-error -- a session has no such key
        peer.data = { usr: 'me' }
      },
      message({ channel }, line) {
        typed<Same<typeof channel, TcpConnection<Session>>>()
        typed<Same<typeof line, string>>()
        void channel.tls?.protocol
      },
      close({ channel }) {
        typed<Same<typeof channel, TcpConnection<Session>>>()
      },
    }),
  )
  createUnixServer<Session>(
    framed(json(), {
      message({ channel }, value) {
        typed<Same<typeof channel, UnixConnection<Session>>>()
        typed<Same<typeof value, unknown>>()
      },
    }),
    { maxConnections: 1 },
  )
  createUdpServer<Session>(
    framed(lines(), {
      message({ channel, data }) {
        typed<Same<typeof channel, UdpChannel<Session>>>()
        typed<Same<typeof data, Session>>()
      },
    }),
  )
}

export function anywhere(): void {
  const run = framed(lines(), (peer) => typed<Same<typeof peer.channel, Channel>>())
  const callbacks = framed(lines(), { message: (peer) => typed<Same<typeof peer.channel, Channel>>() })
  const handler: Handler = run
  const onStreams: StreamHandler = callbacks
  typed<Same<typeof callbacks, ChannelCallbacks>>()
  for (const it of [run, callbacks, handler])
    void [createTcpServer(it), createTcpServer<Session>(it), createUdpServer(it)]
  void onStreams
}

export function onlyOneTransport(
  serve: (peer: FramedChannel<string, string, TcpConnection<Session>>) => void,
): void {
  createTcpServer<Session>(framed(lines(), serve))
  // @ts-expect-error -- the channels of a Unix server have no TLS
  createUnixServer(framed(lines(), serve))
  // @ts-expect-error -- without a type, `data` of a connection is unknown
  createTcpServer<number>(framed(lines(), serve))
}
