import { ServerCredentials, type Server } from '@grpc/grpc-js'
import type { StreamHandler } from '@sock/core'

export function grpcHandler(grpc: Server): { handler: StreamHandler; drain: () => void } {
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    handler: {
      open(connection) {
        // A shutdown waits until the connection is closed, also while a stream pauses.
        connection.busy = true
        injector.injectConnection(connection.stream)
      },
    },
    // Call it when the server is draining: clients call elsewhere, and streams may go on for 10 s.
    drain: () => {
      injector.drain(10_000)
    },
  }
}
