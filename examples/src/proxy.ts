/**
 * A TCP port in front of a Unix socket. A side that reads slowly slows the other down, through the proxy, instead of
 * filling its memory; and a side that has finished sending can still receive.
 *
 *   node examples/dist/proxy.js 127.0.0.1:8080 /tmp/http.sock
 */
import { isExpectedClose } from '@sock/core'
import { createTcpServer, type Connection } from '@sock/tcp'
import { connectUnix } from '@sock/unix'
import { once } from 'node:events'

/** One direction. */
async function copy(from: Connection, to: Connection): Promise<void> {
  // Waiting for `write` is the back-pressure: while `to` is full nothing is read from `from`, whose sender then has to
  // wait too. No more than two `highWaterMark`s and what the system buffers are ever on the way.
  for await (const chunk of from) await to.write(chunk)
  // `from` has said all it wanted to. The other direction goes on.
  await to.closeWrite()
}

async function tunnel(client: Connection, path: string): Promise<void> {
  // If the server shuts down meanwhile, or the client goes, there is no need to go on dialling.
  const upstream = await connectUnix(path, { signal: client.signal })
  try {
    await Promise.all([copy(client, upstream), copy(upstream, client)])
    await upstream.close()
  } catch (error) {
    // One side broke, so the other one has nobody to talk to any more: both are closed now, without flushing.
    upstream.destroy()
    client.destroy()
    if (!isExpectedClose(error)) throw error
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [address = '127.0.0.1:8080', path = '/tmp/http.sock'] = args
  const server = createTcpServer((client) => tunnel(client, path), { idleTimeout: 600_000 })
  server.on('state', (_state, message) => console.log(message))
  // A failed dial is a failure of the handler: it is reported here, and the client's connection is destroyed.
  server.on('error', (error) => console.error(error.message))
  const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await server.listen(address)
  await stop
  // Tunnels in which nothing moves are ended; those that carry something may finish.
  await server.shutdown({ timeout: 30_000 })
}

await main(process.argv.slice(2))
