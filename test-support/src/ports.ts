import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { later } from './resources.js'

/** How many ports to try: another program may have the same one of IPv6. */
const ATTEMPTS = 10

async function listenOnIpv4(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/**
 * Returns a port of 127.0.0.1 that refuses connections until the end of the test: a connection has it as its local port, so
 * no other program can get it.
 */
export async function refusingPort(): Promise<number> {
  const { server, port } = await listenOnIpv4()
  const client = connect(port, '127.0.0.1')
  const [[accepted]] = await Promise.all([
    once(server, 'connection') as Promise<[Socket]>,
    once(client, 'connect'),
  ])
  later(async () => {
    const closed = [accepted, client, server].map((one) => once(one, 'close'))
    client.destroy()
    accepted.destroy()
    server.close()
    await Promise.all(closed)
  })
  return client.localPort as number
}

/**
 * Calls `listen` with a port whose IPv4 side another server has until the end of the test: `listen` fails with EADDRINUSE
 * unless it takes IPv6 only.
 */
export async function besideIpv4<Listening>(
  listen: (port: number) => Promise<Listening>,
): Promise<Listening> {
  for (let attempt = 1; ; attempt++) {
    const { server, port } = await listenOnIpv4()
    later(() => new Promise((resolve) => server.close(resolve)))
    try {
      return await listen(port)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error
    }
  }
}
