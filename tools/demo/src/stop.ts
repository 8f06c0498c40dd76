import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'

/** How the user ends the program. */
export interface Stop {
  /** Aborts with the first signal, or when nobody reads the output any more: finish in good order. */
  readonly wanted: AbortSignal
  /** Aborts with the second signal: finish now. */
  readonly forced: AbortSignal
  /** What a shell expects from a program that the last signal has ended. */
  readonly exitCode: number
}

/**
 * A second signal within this many ms belongs to the first. Ctrl-C sends one to every process of the terminal, and npm
 * forwards its own to the program that it runs, which therefore gets two.
 */
const SAME_KEYSTROKE = 250

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Listens for signals, and for the end of whoever reads `output`. The listeners stay until the process ends: a forwarded
 * signal may come late, and without a listener it would kill the process in the middle of cleaning up.
 */
export function listenForStop(output: EventEmitter): Stop {
  const wanted = new AbortController()
  const forced = new AbortController()
  let exitCode = 0
  let wantedAt = 0

  const want = (): void => {
    wantedAt = performance.now()
    wanted.abort()
  }
  for (const name of SIGNALS) {
    process.on(name, () => {
      exitCode = 128 + constants.signals[name]
      if (!wanted.signal.aborted) want()
      else if (performance.now() - wantedAt > SAME_KEYSTROKE) forced.abort()
    })
  }
  // A closed pipe (EPIPE), a terminal that is gone (EIO).
  output.on('error', want)

  return {
    wanted: wanted.signal,
    forced: forced.signal,
    get exitCode() {
      return exitCode
    },
  }
}
