/**
 * One handler on all transports at once. SIGTERM shuts them down gracefully: current work is finished, then the
 * program ends.
 *
 *   node examples/dist/everywhere.js tcp=127.0.0.1:7000 udp=127.0.0.1:7000 unix=/tmp/echo.sock unixgram=/tmp/echo.dgram
 */
import type { Handler, Server } from '@sock/core'
import { createTcpServer } from '@sock/tcp'
import { createUdpServer } from '@sock/udp'
import { createUnixServer } from '@sock/unix'
import { createUnixgramServer } from '@sock/unixgram'
import { once } from 'node:events'

/**
 * An echo for every transport. On streams it runs once per connection. On datagram sockets it runs once for all
 * senders, and `write` answers the sender of the datagram that was read last.
 */
const echo: Handler = async (channel) => {
  for await (const data of channel) await channel.write(data)
}

const creators: Readonly<Record<string, (handler: Handler) => Server>> = {
  tcp: createTcpServer,
  udp: createUdpServer,
  unix: createUnixServer,
  unixgram: createUnixgramServer,
}

function createServer(transport: string): Server {
  const server = creators[transport]?.(echo)
  if (server === undefined) {
    throw new Error(`Unknown transport "${transport}": known are ${Object.keys(creators).join(', ')}`)
  }
  server.on('state', (_state, message) => console.log(message))
  server.on('error', (error) => console.error(error.message))
  return server
}

const DEFAULTS = [
  'tcp=127.0.0.1:7000',
  'udp=127.0.0.1:7000',
  'unix=/tmp/echo.sock',
  'unixgram=/tmp/echo.dgram',
]

async function main(args: readonly string[]): Promise<void> {
  const servers = (args.length > 0 ? args : DEFAULTS).map((target) => {
    const [transport = '', address = ''] = target.split('=', 2)
    return { server: createServer(transport), address }
  })
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  try {
    for (const { server, address } of servers) await server.listen(address)
    await stop
  } finally {
    // Do this even if one server failed to listen: the others must not keep the program running. All share the
    // deadline. If one has to destroy connections, the others still finish.
    const results = await Promise.allSettled(
      servers.map(({ server }) => server.shutdown({ timeout: 25_000 })),
    )
    if (results.some(({ status }) => status === 'rejected')) process.exitCode = 1
  }
}

await main(process.argv.slice(2))
