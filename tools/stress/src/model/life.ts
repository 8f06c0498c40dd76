import assert from 'node:assert/strict'
import type { ServerState, ShutdownReport } from '@sock/core'

/** One start of the server, and everything that may have an influence on what becomes of it. */
export interface Attempt {
  /** Somebody else has the target. */
  readonly isTaken: boolean
  /** `close()` or `shutdown()` was called. */
  isStopped: boolean
  isAborted: boolean
  /** Something was done that may destroy connections: `close()`, a short deadline, an aborted signal. */
  mayForce: boolean
  /** It has failed, or what it started has come to its end. */
  isOver: boolean
  /** What the server said of its end; absent if it never listened. */
  report: ShutdownReport | undefined
}

const NEXT: Readonly<Record<ServerState, readonly ServerState[]>> = {
  idle: ['starting'],
  starting: ['listening', 'idle'],
  listening: ['draining'],
  draining: ['closed'],
  closed: ['starting'],
}

const CLOSED = /^Closed \w+: (?<idle>\d+) idle, (?<drained>\d+) drained, (?<forced>\d+) forced$/

/** The model of a server's life: which states follow which, for which reason, and what its promises come to. */
export class Life {
  state: ServerState = 'idle'
  /** The one that is on; of a server that does not run, the last. */
  attempt: Attempt = { ...newAttempt(false), isOver: true }
  #announced: Attempt | undefined

  get isRunning(): boolean {
    return this.state === 'listening' || this.state === 'draining'
  }

  get canListen(): boolean {
    return this.state === 'idle' || this.state === 'closed'
  }

  /** `listen()` is about to be called, and should start the server. */
  announce(isTaken: boolean): Attempt {
    this.#announced = newAttempt(isTaken)
    return this.#announced
  }

  /** A stop that concerns the attempt that is on. @returns that attempt, if there is one */
  stop(how: 'gently' | 'by force'): Attempt | undefined {
    if (this.canListen) return undefined
    this.attempt.isStopped = true
    if (how === 'by force') this.attempt.mayForce = true
    return this.attempt
  }

  /** The server says that it has gone to this state. @throws unless it may, and has a reason to */
  entered(next: ServerState, message: string): void {
    assert.ok(NEXT[this.state].includes(next), `went from ${this.state} to ${next}`)
    this.state = next
    if (next === 'starting') {
      assert.ok(this.#announced !== undefined, 'started by itself')
      this.attempt = this.#announced
      this.#announced = undefined
    }
    const { attempt } = this
    const hasReason = attempt.isStopped || attempt.isAborted
    if (next === 'idle') assert.ok(attempt.isTaken || hasReason, `failed to start: ${message}`)
    if (next === 'draining') assert.ok(hasReason, 'drains, and nobody asked for it')
    if (next === 'closed') attempt.report = reportIn(message)
    if (next === 'idle' || next === 'closed') attempt.isOver = true
    const { report } = attempt
    if (report !== undefined && report.forced > 0) assert.ok(attempt.mayForce, `nobody asked for: ${message}`)
  }
}

function newAttempt(isTaken: boolean): Attempt {
  return {
    isTaken,
    isStopped: false,
    isAborted: false,
    mayForce: false,
    isOver: false,
    report: undefined,
  }
}

function reportIn(message: string): ShutdownReport {
  const numbers = CLOSED.exec(message)?.groups
  assert.ok(numbers !== undefined, `no report in "${message}"`)
  return {
    idle: Number(numbers['idle']),
    drained: Number(numbers['drained']),
    forced: Number(numbers['forced']),
  }
}
