/**
 * A TCP port in front of a Unix socket. A side that reads slowly slows the other side down instead of filling the
 * proxy's memory. A side that has finished sending can still receive.
 *
 *   node examples/dist/proxy.js 127.0.0.1:8080 /tmp/http.sock
 */
import { relay } from '@sock/core'
import { createTcpServer, type Connection } from '@sock/tcp'
import { connectUnix } from '@sock/unix'
import { once } from 'node:events'

async function tunnel(client: Connection, path: string): Promise<void> {
  // Stops connecting if the server shuts down or the client disconnects.
  const upstream = await connectUnix(path, { signal: client.signal })
  // When one side breaks, this destroys the other one, and rejects. The server does not report that a peer went away.
  await relay(client, upstream)
}

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:8080', path = '/tmp/http.sock'] = args
  const server = createTcpServer((client) => tunnel(client, path), { idleTimeout: 600_000 })
  server.on('state', (_state, message) => console.log(message))
  // A failed connect is a failure of the handler: it is reported here, and the client's connection is destroyed.
  server.on('error', (error) => console.error(error.message))
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  await stop
  // Idle tunnels are ended; tunnels with traffic may finish.
  await server.shutdown({ timeout: 30_000 })
}

await main(process.argv.slice(2))
