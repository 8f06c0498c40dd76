import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

export type Machine = ReturnType<typeof describeMachine>

/** @throws an Error if Bun does not run */
export function describeMachine(bun?: string) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    /** Of TCP (tcp(7)): `bbr` treats large transfers differently. */
    congestionControl: readLine('/proc/sys/net/ipv4/tcp_congestion_control'),
    node: process.version,
    bun: bun === undefined ? undefined : execFileSync(bun, ['--version'], { encoding: 'utf8' }).trim(),
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
  const args = ['describe', '--always', '--exclude=*', '--abbrev=12', '--dirty=+']
  const { status, stdout } = spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : 'unknown'
}

/** Measures for a moment which share of all processors other programs use, and which one the host takes away. Only Linux tells. */
export async function observeDisturbance(milliseconds = 500): Promise<{ busy: number; steal: number }> {
  const before = readTicks()
  await delay(milliseconds)
  const spent = readTicks().map((ticks, index) => ticks - (before[index] ?? 0))
  const all = spent.reduce((sum, ticks) => sum + ticks, 0)
  const [, , , idle = 0, iowait = 0, , , steal = 0] = spent
  return { busy: (all - idle - iowait - steal) / all || 0, steal: steal / all || 0 }
}

/** proc_stat(5): user, nice, system, idle, iowait, irq, softirq and steal, of all processors together. */
const readTicks = (): number[] => readLine('/proc/stat')?.split(/ +/).slice(1, 9).map(Number) ?? []

/** Returns the CPU time of all threads of a process, in seconds. */
export function cpuSeconds(pid: number): number {
  let nanoseconds = 0
  // A thread may have ended.
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number.parseInt(readLine(`/proc/${pid}/task/${thread}/schedstat`) ?? '0')
  if (nanoseconds === 0) throw new Error('this kernel does not report the CPU time of processes (schedstat)')
  return nanoseconds / 1e9
}
