import type { StreamHandler } from '@sock/core'
import type { Aedes } from 'aedes'

export function mqttHandler(broker: Aedes): StreamHandler {
  return {
    open({ stream, signal }) {
      const client = broker.handle(stream)
      signal.addEventListener('abort', () => {
        client.close()
      })
    },
  }
}
