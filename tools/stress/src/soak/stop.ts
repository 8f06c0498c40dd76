import { constants } from 'node:os'

/** How the user ends the run. */
export interface Stop {
  /** Aborts with the first signal: end with the verdict so far. */
  readonly wanted: AbortSignal
  /** Aborts with the second one: end now. */
  readonly forced: AbortSignal
  readonly exitCode: number
}

/** A second signal within this many ms belongs to the first: the terminal sends one, and npm forwards its own. */
const SAME_KEYSTROKE = 250

/** The listeners stay to the end of the process: without them a late signal would kill it while it cleans up. */
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
