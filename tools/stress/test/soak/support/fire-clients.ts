import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Part = 'ask' | 'busy' | 'idle' | 'stuck'

/** What one client sees. */
export interface Client {
  readonly connected: Promise<void>
  /** With what it has read when its input has ended, or has broken. */
  readonly over: Promise<{ data: Buffer; error: Error | undefined }>
  /** Begins to read. */
  resume(): void
  destroy(): void
}

/** Where to connect to; with TLS if there is a certificate to believe. */
export interface Target {
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly ca: string | undefined
}

/** Connects, says what is to become of it, and reads to the end; `stuck` reads nothing before it is told to. */
export function createClient(part: Part, { address, ca }: Target): Client {
  const socket: Socket =
    ca === undefined ? connect(address) : connectTls({ ...address, ca, servername: 'localhost' })
  const chunks: Buffer[] = []
  let error: Error | undefined
  // Even what only connects, and is not accepted yet, can have its request in the queue.
  socket.write(part)
  if (part === 'stuck') socket.pause()
  else socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', (broken) => (error = broken))
  return {
    connected: new Promise((resolve) => socket.once('connect', resolve)),
    over: new Promise((resolve) =>
      socket.once('close', () => resolve({ data: Buffer.concat(chunks), error })),
    ),
    resume: () => socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume(),
    destroy: () => socket.destroy(),
  }
}
