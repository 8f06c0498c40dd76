import type { StreamEngine } from '@sock/core'
import type { StreamEndpoint } from '@sock/core/stream'
import { unixAddress } from '@sock/core/transport'
import type { Load } from '../scenarios/scenario.js'
import type { Place } from '../transports.js'
import type { OnChunk, StreamClient } from './stream.js'

const OPTIONS = { highWaterMark: 64 * 1024, noDelay: true }

/** Connects by an engine; like a socket of Node's, it ends when the server does. */
export async function connectNativeStream(
  engine: StreamEngine,
  load: Load,
  onChunk: OnChunk,
  failed: (error: Error) => void,
): Promise<StreamClient> {
  const port = await engine.connectStream(endpointOf(load.place), OPTIONS)
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

function endpointOf(place: Place): StreamEndpoint {
  if ('path' in place) return { kind: 'path', path: place.path, address: unixAddress(place.path) }
  return { kind: 'ip', ...place }
}
