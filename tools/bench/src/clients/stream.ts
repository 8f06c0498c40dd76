import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Load } from '../scenarios/scenario.js'

export interface StreamClient {
  readonly socket: Socket
  /** Resolves when the connection is closed, by whoever. */
  readonly closed: Promise<void>
}

/**
 * Shared by all clients: a chunk is only valid during the call that hands it out. That costs less than a new buffer per
 * chunk, and the generator is not what is measured.
 */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Connects; from there on what comes goes to `onChunk`, and an error to `failed`. */
export function connectStream(
  load: Load,
  onChunk: (chunk: Buffer) => void,
  failed: (error: Error) => void,
  localAddress?: string,
): Promise<StreamClient> {
  const onread = {
    buffer: sharedBuffer,
    callback: (length: number, buffer: Uint8Array): boolean => {
      onChunk((buffer as Buffer).subarray(0, length))
      return true
    },
  }
  return new Promise((resolve, reject) => {
    const socket = open(load, {
      onread,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    const closed = new Promise<void>((done) => socket.once('close', () => done()))
    socket.once('error', reject)
    socket.once(load.transport === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      socket.on('error', failed)
      resolve({ socket, closed })
    })
  })
}

/** Without any reader: what the server sends stays where it is. */
export function openStream(load: Load): Socket {
  return open(load, { noDelay: true })
}

function open({ transport, place, certificate }: Load, options: object): Socket {
  if (transport !== 'tls') return connect({ ...place, ...options })
  return connectTls({ ...place, ...options, ca: certificate.cert, servername: 'localhost' })
}
