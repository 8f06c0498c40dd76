import type { StreamHandler } from '@sock/core'
import type { Http2Server } from 'node:http2'

export function http2Handler(http2: Http2Server): StreamHandler {
  return {
    open(connection) {
      // A shutdown waits until the connection is closed, also while an answer pauses.
      connection.busy = true
      http2.once('session', (session) => {
        // GOAWAY: the client asks nothing more, and gets its answers.
        connection.signal.addEventListener('abort', () => {
          session.close()
        })
      })
      http2.emit('connection', connection.stream)
    },
  }
}
