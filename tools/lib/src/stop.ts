import { constants } from 'node:os'

/** The signals by which a user ends a program. */
export interface Stop {
  /** Aborts with the first signal: shut down gracefully. */
  readonly wanted: AbortSignal
  /** Aborts with the second signal: end now. */
  readonly forced: AbortSignal
  /** 128 + the number of the last signal; 0 before the first one. */
  readonly exitCode: number
}

/** In ms. A second signal within this time belongs to the first: the terminal sends one, and npm forwards its own. */
const SAME_KEYSTROKE = 250

/**
 * Listens for SIGINT, SIGTERM and SIGHUP. The listeners stay until the process ends: without them, a late signal would kill it
 * while it cleans up.
 */
export function listenForStop(): Stop {
  const wanted = new AbortController()
  const forced = new AbortController()
  let wantedAt = 0
  let exitCode = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      exitCode = 128 + constants.signals[name]
      if (!wanted.signal.aborted) {
        wantedAt = performance.now()
        wanted.abort()
      } else if (performance.now() - wantedAt > SAME_KEYSTROKE) forced.abort()
    })
  }
  return {
    wanted: wanted.signal,
    forced: forced.signal,
    get exitCode() {
      return exitCode
    },
  }
}
