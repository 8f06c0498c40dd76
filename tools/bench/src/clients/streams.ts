import type { StreamEngine } from '@sock/core'
import { unixAddress } from '@sock/core/transport'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { nativeEngine } from '../modules.js'
import type { Load } from '../scenarios/scenario.js'

/** A connection of the load generator. */
export interface StreamClient {
  /** The caller must not change the bytes. @returns whether more may follow at once; if not, wait for `onDrain` */
  write(data: Buffer): boolean
  onDrain: () => void
  /** Sends FIN after everything written. */
  end(): void
  /** Sends RST, if the transport has one. */
  reset(): void
  /** Resolves when either side has closed the connection. */
  readonly closed: Promise<void>
}

/** Receives a chunk, which is valid only during the call. */
export type OnChunk = (chunk: Buffer) => void

/** @param failed is called with an error after connecting */
export function connectStream(
  load: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
): Promise<StreamClient> {
  if (nativeEngine === undefined || load.transport === 'tls') return connectNode(load, onChunk, failed)
  return connectNative(nativeEngine, load, onChunk, failed)
}

/** All clients share this buffer, which costs less than a new one per chunk. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** Connects with `node:net` or `node:tls`. */
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

function openSocket({ transport, place, certificate }: Load, more: object = {}): Socket {
  const options = { ...place, noDelay: true, ...more }
  if (transport !== 'tls') return connect(options)
  return connectTls({ ...options, ca: certificate.cert, servername: 'localhost' })
}

const OPTIONS = { highWaterMark: 64 * 1024, noDelay: true }

/** Connects with an engine. Like a socket of Node, the connection ends when the server ends it. */
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
