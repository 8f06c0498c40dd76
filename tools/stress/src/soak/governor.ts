import { readFileSync } from 'node:fs'
import type { Process } from './processes.js'

/** Keeps the load so low that other programs can run beside it. */
export interface Governor {
  /** Processor time of all processes in the last interval, as a part of one processor. */
  readonly cpu: number
  stop(): void
}

/** Of one processor, over all processes: beyond that the loads make longer pauses. */
const MAX_CPU = 0.55
const EVERY = 2_000
const MAX_PACE = 50
/** USER_HZ, in which /proc counts, is 100 on every Linux that Node runs on (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100

export function startGovernor(processes: readonly Process[]): Governor {
  let pace = 1
  let cpu = 0
  let before = { at: performance.now(), seconds: used(processes) }
  const timer = setInterval(() => {
    const now = { at: performance.now(), seconds: used(processes) }
    cpu = ((now.seconds - before.seconds) * 1000) / (now.at - before.at)
    before = now
    if (cpu > MAX_CPU) pace = Math.min(pace * 1.3, MAX_PACE)
    else if (cpu < 0.8 * MAX_CPU) pace = Math.max(pace / 1.2, 1)
    for (const one of processes) if (one.role !== 'server') one.tell({ tell: 'pace', pace })
  }, EVERY)
  return {
    get cpu() {
      return cpu
    },
    stop: () => clearInterval(timer),
  }
}

/** Processor time of this process and of all children, in s; without /proc, of this one only. */
function used(processes: readonly Process[]): number {
  const { user, system } = process.cpuUsage()
  return processes.reduce((sum, { pid }) => sum + secondsOf(pid), (user + system) / 1e6)
}

function secondsOf(pid: number): number {
  try {
    // After the name, which may contain anything: fields 3 and on; utime and stime are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
  } catch {
    // It has ended, or there is no /proc: then the load is what it is.
    return 0
  }
}
