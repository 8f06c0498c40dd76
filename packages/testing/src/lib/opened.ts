import type { Connection, DatagramChannel } from '@sock/core'
import type { Fixture, Kind, ServerOf } from './stage.js'
import { soon } from './wait.js'

/** Everything that a case opens. */
export interface Opened<K extends Kind> {
  /** Makes servers and clients, and adds them here. */
  readonly fixture: Fixture<K>
  /** The servers, in whatever state. */
  readonly servers: readonly ServerOf<K>[]
  /** The clients that have connected. */
  readonly clients: readonly K['channel'][]
}

/**
 * Returns a fixture that records what a case opens with it. A case closes the servers and clients that it opens itself, as
 * part of what it checks. If it fails before, they are closed for it: otherwise they would keep the process alive.
 */
export function recordOpened<K extends Kind>(fixture: Fixture<K>): Opened<K> {
  const servers: ServerOf<K>[] = []
  const clients: K['channel'][] = []
  const recording: Fixture<K> = {
    ...fixture,
    target: () => fixture.target(),
    ...(fixture.hostTarget && { hostTarget: fixture.hostTarget.bind(fixture) }),
    createServer(handler, options) {
      const server = fixture.createServer(handler, options)
      servers.push(server)
      return server
    },
    async connect(target, options) {
      const client = await fixture.connect(target, options)
      clients.push(client)
      return client
    },
  }
  return { fixture: recording, servers, clients }
}

/** Closes clients and servers, and fails if that takes too long. */
export async function closeAll<K extends Kind>(
  clients: readonly K['channel'][],
  servers: readonly ServerOf<K>[],
): Promise<void> {
  const closing = [...clients.map(dispose), ...servers.map((server) => server.close())]
  await soon(Promise.all(closing), 'closing clients and servers')
}

async function dispose(client: Connection | DatagramChannel): Promise<void> {
  if ('destroy' in client) client.destroy()
  else await client.close()
}
