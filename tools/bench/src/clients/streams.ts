import { createNodePort, nodeEngine, type StreamPort } from '@sock/core/stream'
import { unixAddress } from '@sock/core/transport'
import { engine } from '@sock/native'
import { once } from 'node:events'
import { connect } from 'node:tls'
import type { Load } from '../scenarios/load.js'

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

const OPTIONS = { highWaterMark: 64 * 1024, noDelay: true }

/**
 * Connects, by the native engine if it is available. Like a socket of Node, the connection ends when the server ends it.
 * @param onChunk receives chunks, which are valid only during the call
 */
export async function connectStream(load: Load, onChunk: (chunk: Buffer) => void): Promise<StreamClient> {
  const port = await openPort(load)
  let openHalves = 2
  const closeHalf = (): void => {
    openHalves -= 1
    if (openHalves === 0) port.destroy()
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
      port.shutdownWrite()
      closeHalf()
    },
    drained: () => client.onDrain(),
    finished: closeHalf,
    closed(error) {
      if (error !== undefined) load.fail(error)
      close()
    },
  })
  return client
}

async function openPort({ transport, place, certificate }: Load): Promise<StreamPort> {
  const connector = engine.available ? engine : nodeEngine
  if ('path' in place)
    return connector.connectStream({ kind: 'path', ...place, address: unixAddress(place.path) }, OPTIONS)
  if (transport !== 'tls') return connector.connectStream({ kind: 'ip', ...place }, OPTIONS)
  const tls = { ca: certificate.cert, servername: 'localhost', allowHalfOpen: true }
  const socket = connect({ ...place, ...OPTIONS, ...tls })
  await once(socket, 'secureConnect')
  return createNodePort(socket, { secure: true, canReset: false })
}
