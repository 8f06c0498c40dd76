import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Two connected sockets of Node: `ours` reads nothing until it is told to. */
export interface NodePair {
  readonly ours: Socket
  readonly peer: Socket
}

const open = new Set<Socket>()

export async function connectPair(): Promise<NodePair> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[ours]] = await Promise.all([accepted, once(peer, 'connect')])
  server.close()
  for (const socket of [ours, peer]) open.add(socket.on('error', () => {}))
  return { ours, peer }
}

/** Destroys all sockets; call it after each test. */
export function destroyPairs(): void {
  for (const socket of open) socket.destroy()
  open.clear()
}
