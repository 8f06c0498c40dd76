import type { ConnectionEvent } from '@sock/core'

/** What an observer of one server has seen. */
export interface Watch {
  readonly open: number
  readonly opened: number
  readonly closed: number
  readonly reasons: Readonly<Record<string, number>>
  /** Takes the next event. @param openConnections what the server says at this moment */
  see(event: ConnectionEvent, openConnections: number): void
}

/**
 * Checks the order of events: per connection exactly one `new`, then one `handler`, then any of the others, then exactly
 * one `close`; and that the server counts it in `new` already and in `close` no longer.
 *
 * @param wrong is told, in a sentence, of each event that should not have come
 */
export function createWatch(wrong: (text: string) => void): Watch {
  const last = new Map<number, ConnectionEvent['state']>()
  const reasons: Record<string, number> = {}
  let opened = 0
  let closed = 0

  return {
    reasons,
    get open() {
      return last.size
    },
    get opened() {
      return opened
    },
    get closed() {
      return closed
    },
    see({ id, state, reason }, openConnections) {
      const before = last.get(id)
      if (!mayFollow(before, state)) {
        wrong(`connection ${id}: "${state}" after "${before ?? 'nothing'}"`)
      }
      if (state === 'close') {
        last.delete(id)
        closed += 1
        const key = reason ?? 'none'
        reasons[key] = (reasons[key] ?? 0) + 1
        if (reason === undefined) wrong(`connection ${id}: closed without a reason`)
      } else {
        if (state === 'new') opened += 1
        last.set(id, state)
      }
      if ((state === 'new' || state === 'close') && openConnections !== last.size) {
        wrong(`"${state}" of connection ${id}: server says ${openConnections} open, observed ${last.size}`)
      }
    },
  }
}

function mayFollow(before: ConnectionEvent['state'] | undefined, state: ConnectionEvent['state']): boolean {
  if (before === undefined) return state === 'new'
  if (before === 'new') return state === 'handler'
  return state !== 'new' && state !== 'handler' && state !== 'dial'
}
