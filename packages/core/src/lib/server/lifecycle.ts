import type { ServerState } from './server.js'

/** Allowed transitions. A start that fails leads back to idle. */
const NEXT: Readonly<Record<ServerState, readonly ServerState[]>> = {
  idle: ['starting'],
  starting: ['listening', 'idle'],
  listening: ['draining'],
  draining: ['closed'],
  closed: ['starting'],
}

/** Returns the new state. @throws Error for a transition that does not exist: a bug in the caller */
export function transition(from: ServerState, to: ServerState): ServerState {
  if (!NEXT[from].includes(to)) throw new Error(`Cannot go from ${from} to ${to}`)
  return to
}
