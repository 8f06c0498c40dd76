import type { StreamHandler } from '@sock/core'
import type { Connection, Server } from 'ssh2'

export function sshHandler(ssh: Server): { handler: StreamHandler; end: () => void } {
  const clients = new Set<Connection>()
  ssh.on('connection', (client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
  })
  return {
    handler: {
      open({ stream }) {
        ssh.injectSocket(stream)
      },
    },
    // Call it when the server is draining.
    end: () => {
      for (const client of clients) client.end()
    },
  }
}
