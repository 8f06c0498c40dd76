import type { Connection } from '../channel.js'
import type { CloseReason, ConnectionEvent, ConnectionState } from '../server.js'

export function connectionEvent(
  connection: Connection,
  state: ConnectionState,
  reason?: CloseReason,
): ConnectionEvent {
  const { id, localAddress: local, remoteAddress: remote } = connection
  return reason === undefined ? { id, state, local, remote } : { id, state, local, remote, reason }
}
