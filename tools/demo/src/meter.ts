import type { Running } from './servers.js'

/** What goes on now, over all servers. */
export interface Reading {
  readonly openConnections: number
  readonly messagesPerSecond: number
  /** Received; the echo handler sends as many. */
  readonly bytesPerSecond: number
}

/** Makes a function that tells what went on since its last call. A message is what one read gives: a chunk, or a datagram. */
export function createMeter(running: readonly Running[]): () => Reading {
  const servers = running.map(({ server }) => server)
  let messages = 0
  for (const server of servers) {
    server.on('connection', ({ state }) => {
      if (state === 'read') messages += 1
    })
  }
  const sum = (pick: (server: (typeof servers)[number]) => number): number =>
    servers.reduce((total, server) => total + pick(server), 0)
  const now = () => ({ at: performance.now(), messages, bytes: sum((server) => server.stats().bytesRead) })

  // A datagram server has no connections: its one socket would look like a client that never leaves.
  const counted = servers.filter((server) => 'accepted' in server.stats())

  let last = now()
  return () => {
    const current = now()
    const seconds = (current.at - last.at) / 1000
    const reading = {
      openConnections: counted.reduce((total, server) => total + server.openConnections, 0),
      messagesPerSecond: (current.messages - last.messages) / seconds,
      bytesPerSecond: (current.bytes - last.bytes) / seconds,
    }
    last = current
    return reading
  }
}
