/**
 * A TCP port in front of a Unix socket. A side that reads slowly slows the other side down instead of filling the
 * proxy's memory. A side that has finished sending can still receive.
 *
 *   node examples/dist/proxy.js 127.0.0.1:8080 /tmp/http.sock
 */
import { isExpectedClose } from '@sock/core'
import { createTcpServer, type Connection } from '@sock/tcp'
import { connectUnix } from '@sock/unix'
import { once } from 'node:events'

/** Copies one direction. */
async function copy(from: Connection, to: Connection): Promise<void> {
  // Awaiting `write` applies back-pressure: while `to` is full, `from` is not read, so its sender has to wait too. At
  // most two `highWaterMark`s, plus the system's buffers, are in transit.
  for await (const chunk of from) await to.write(chunk)
  // `from` has ended its side. The other direction goes on.
  await to.closeWrite()
}

async function tunnel(client: Connection, path: string): Promise<void> {
  // Stops connecting if the server shuts down or the client disconnects.
  const upstream = await connectUnix(path, { signal: client.signal })
  try {
    await Promise.all([copy(client, upstream), copy(upstream, client)])
    await upstream.close()
  } catch (error) {
    // One side broke, so the other one has no peer any more: close both now, without flushing.
    upstream.destroy()
    client.destroy()
    if (!isExpectedClose(error)) throw error
  }
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
