import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of /proc/<pid>/stat: 100 on every Linux that matters (sysconf(_SC_CLK_TCK)). */
const TICKS = 100

/**
 * Seconds of CPU time that a process has used, all its threads together: from schedstat, in nanoseconds, or where the
 * kernel does not keep that, from stat, in hundredths of a second.
 */
export function cpuSeconds(pid: number): number {
  return exactSeconds(pid) || ticks(pid) / TICKS
}

function exactSeconds(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch (error) {
      // A thread that has ended, or a kernel without CONFIG_SCHED_INFO.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return nanoseconds / 1e9
}

/** proc_pid_stat(5): utime and stime are fields 14 and 15, counted after the name in parentheses. */
function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}
