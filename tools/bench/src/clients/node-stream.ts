import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Load } from '../scenarios/scenario.js'
import type { OnChunk, StreamClient } from './stream.js'

export interface NodeStreamClient extends StreamClient {
  readonly socket: Socket
}

/** Shared by all clients: that costs less than a new buffer per chunk. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Connects by `node:net` or `node:tls`. */
export function connectNodeStream(
  load: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
  localAddress?: string,
): Promise<NodeStreamClient> {
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
    const client: NodeStreamClient = {
      socket,
      write: (data) => socket.write(data),
      onDrain: () => undefined,
      end: () => void socket.end(),
      closed: new Promise<void>((done) => socket.once('close', () => done())),
    }
    socket.on('drain', () => client.onDrain())
    socket.once('error', reject)
    socket.once(load.transport === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      socket.on('error', failed)
      resolve(client)
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
