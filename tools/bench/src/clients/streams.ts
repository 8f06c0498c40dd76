import type { StreamEngine } from '@sock/core'
import { unixAddress } from '@sock/core/transport'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { nativeEngine } from '../modules.js'
import type { Load } from '../scenarios/scenario.js'

/** One connection of the generator's. */
export interface StreamClient {
  /** The bytes must stay as they are. @returns whether more may follow at once; if not, `onDrain` says when */
  write(data: Buffer): boolean
  onDrain: () => void
  /** FIN, after what was written. */
  end(): void
  /** RST where there is such a thing. */
  reset(): void
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>
}

/** Takes what comes; a chunk is only valid during the call. */
export type OnChunk = (chunk: Buffer) => void

/** @param failed hears of an error from then on */
export function connectStream(
  load: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
): Promise<StreamClient> {
  if (nativeEngine === undefined || load.transport === 'tls') return connectNode(load, onChunk, failed)
  return connectNative(nativeEngine, load, onChunk, failed)
}

/** Shared by all clients: that costs less than a new buffer per chunk. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Connects by `node:net` or `node:tls`. */
function connectNode(load: Load, onChunk: OnChunk, failed: (error: Error) => void): Promise<StreamClient> {
  const onread = {
    buffer: sharedBuffer,
    callback: (length: number, buffer: Uint8Array): boolean => {
      onChunk((buffer as Buffer).subarray(0, length))
      return true
    },
  }
  const socket = openSocket(load, { onread })
  return new Promise((resolve, reject) => {
    const client: StreamClient = {
      write: (data) => socket.write(data),
      onDrain: () => undefined,
      end: () => void socket.end(),
      reset: () => void (load.transport === 'tcp' ? socket.resetAndDestroy() : socket.destroy()),
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

export function openSocket({ transport, place, certificate }: Load, more: object = {}): Socket {
  const options = { ...place, noDelay: true, ...more }
  if (transport !== 'tls') return connect(options)
  return connectTls({ ...options, ca: certificate.cert, servername: 'localhost' })
}

const OPTIONS = { highWaterMark: 64 * 1024, noDelay: true }

/** Connects by an engine; like a socket of Node's, it ends when the server does. */
async function connectNative(
  engine: StreamEngine,
  { place }: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
): Promise<StreamClient> {
  const port = await engine.connectStream(
    'path' in place
      ? { kind: 'path', path: place.path, address: unixAddress(place.path) }
      : { kind: 'ip', ...place },
    OPTIONS,
  )
  let isFinished = false
  let hasEnded = false
  const closeIfOver = (): void => {
    if (isFinished && hasEnded) port.destroy()
  }
  let close: () => void
  const client: StreamClient = {
    write(data) {
      port.write(data)
      if (port.bufferedBytes < OPTIONS.highWaterMark) return true
      port.requestDrain()
      return false
    },
    onDrain: () => undefined,
    end: () => port.shutdownWrite(),
    reset: () => port.reset(),
    closed: new Promise((resolve) => {
      close = resolve
    }),
  }
  port.start({
    received: onChunk,
    ended() {
      hasEnded = true
      port.shutdownWrite()
      closeIfOver()
    },
    drained: () => client.onDrain(),
    finished() {
      isFinished = true
      closeIfOver()
    },
    closed(error) {
      if (error !== undefined) failed(error)
      close()
    },
  })
  return client
}
