import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import sirv from 'sirv'

/** A folder that is served. */
export interface Served {
  /** Where, with a slash at the end. */
  readonly url: string
  /** Ends it at once. */
  close(): Promise<void>
}

/**
 * Serves a folder on 127.0.0.1, as any file server would. Rejects with the system's error.
 *
 * @param port 0 lets the system choose
 */
export async function serve(folder: string, port: number): Promise<Served> {
  const files = sirv(folder, { etag: true })
  const server: Server = createServer((request, response) => {
    files(request, response, () => {
      response.writeHead(404).end('There is no such page')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
