import type { Channel } from './channel.js'
import type { CloseReason, ConnectionEvent, ConnectionState } from '../server/server.js'

/** Returns the event that says `channel` has reached `state`. */
export function connectionEvent(
  channel: Channel,
  state: ConnectionState,
  reason?: CloseReason,
): ConnectionEvent {
  const { id, localAddress: local, remoteAddress: remote } = channel
  return reason === undefined ? { id, state, local, remote } : { id, state, local, remote, reason }
}
