import type { ServerState } from './server.js'

/** Which state may follow which. A start that failed leads back to idle. */
const NEXT: Readonly<Record<ServerState, readonly ServerState[]>> = {
  idle: ['starting'],
  starting: ['listening', 'idle'],
  listening: ['draining'],
  draining: ['closed'],
  closed: ['starting'],
}

/** The state a server goes to; a transition that does not exist is a fault in the caller. */
export function transition(from: ServerState, to: ServerState): ServerState {
  if (!NEXT[from].includes(to)) throw new Error(`Cannot go from ${from} to ${to}`)
  return to
}
