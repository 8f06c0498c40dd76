import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** The congestion control of TCP (tcp(7)): `bbr` treats large transfers differently. */
  readonly congestionControl: string | undefined
  /** The version that runs the servers under test. */
  readonly node: string
  /** The version that runs the load generator. */
  readonly generatorNode: string
}

const GIB = 1024 ** 3

/** @param node the binary that runs the servers. @throws an Error if it does not run */
export function describeMachine(node: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / GIB),
    system: `${type()} ${release()}`,
    congestionControl: readLine('/proc/sys/net/ipv4/tcp_congestion_control'),
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    generatorNode: process.version,
  }
}

/** Returns the first line of a file, or undefined if the system has no such file. */
function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0]
  } catch {
    return undefined
  }
}

/** Returns the commit of the working tree, followed by `+` if files have changed since; `unknown` without git. */
export function describeCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no', '--', ':/packages', ':/tools/bench')
    return git('rev-parse', '--short=12', 'HEAD') + (changes === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

/** Shares of all processors, from 0 to 1. */
export interface Disturbance {
  /** The share that other programs use. */
  readonly busy: number
  /** The share that the host of a virtual machine takes away. */
  readonly steal: number
}

/** Measures for a moment how busy this machine is. Returns undefined if the system does not report that: only Linux does. */
export async function observeDisturbance(milliseconds = 500): Promise<Disturbance | undefined> {
  const before = readTicks()
  await delay(milliseconds)
  const after = readTicks()
  if (before === undefined || after === undefined) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = after.map(
    (ticks, index) => ticks - (before[index] ?? 0),
  )
  const busy = user + nice + system + irq + softirq
  const all = busy + idle + iowait + steal
  return { busy: busy / all, steal: steal / all }
}

/** proc_stat(5): the times of all processors together, in the order of the names above. */
const readTicks = (): number[] | undefined => readLine('/proc/stat')?.split(/ +/).slice(1).map(Number)

/** The number of file descriptors that a process needs besides its connections. */
const OTHER_DESCRIPTORS = 100

/** Returns how many connections a process can have: each needs a file descriptor. Node raises the soft limit to the hard one. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '1024'
  return hard === 'unlimited' ? Infinity : Number(hard) - OTHER_DESCRIPTORS
}

/** Clock ticks per second of /proc/<pid>/stat: 100 on every Linux that matters (sysconf(_SC_CLK_TCK)). */
const TICKS = 100

/**
 * Returns the CPU time of all threads of a process, in seconds: from schedstat in nanoseconds, or from stat in hundredths of
 * a second if the kernel has no schedstat.
 */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0
  // A thread may have ended, and a kernel without CONFIG_SCHED_INFO has no such file.
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readLine(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0)
  if (nanoseconds > 0) return nanoseconds / 1e9
  // proc_pid_stat(5): utime and stime are fields 14 and 15, counted after the name in parentheses.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
