import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** Where control groups are mounted (cgroups(7)): version 2, and the controller of processors of version 1. */
const VERSION_2 = '/sys/fs/cgroup'
const VERSION_1 = '/sys/fs/cgroup/cpu'

/** Reads a file. Throws if there is none. */
type Read = (path: string) => string

/**
 * Returns how many processors this process may use at the same time, perhaps a fraction: the affinity of the thread
 * (sched_getaffinity(2)), and the quotas of its control groups, which limit containers.
 */
export function usableProcessors(
  affinity = availableParallelism(),
  read: Read = (path) => readFileSync(path, 'utf8'),
): number {
  const lines = attempt(read, '/proc/self/cgroup')?.split('\n') ?? []
  return Math.min(affinity, ...lines.flatMap((line) => quotas(line, read)))
}

/** Returns the quotas of a group and of those above it. @param line of /proc/self/cgroup: `0::/a/b`, `4:cpu,cpuacct:/a` */
function quotas(line: string, read: Read): number[] {
  const [id, controllers = '', ...path] = line.split(':')
  const isVersion2 = id === '0' && controllers === ''
  if (!isVersion2 && !controllers.split(',').includes('cpu')) return []
  return withParents(path.join(':')).map((group) =>
    isVersion2
      ? ratio(attempt(read, posix.join(VERSION_2, group, 'cpu.max'))?.split(' '))
      : ratio([
          attempt(read, posix.join(VERSION_1, group, 'cpu.cfs_quota_us')),
          attempt(read, posix.join(VERSION_1, group, 'cpu.cfs_period_us')),
        ]),
  )
}

/** `/a/b` gives `/a/b`, `/a` and `/`. In a container the last one is often the only one that can be read. */
function withParents(path: string): string[] {
  const parent = posix.dirname(path)
  return parent === path ? [path] : [path, ...withParents(parent)]
}

/** Returns a quota in processors. `max` and -1 mean that there is none, and so does a missing file. */
function ratio([quota, period]: readonly (string | undefined)[] = []): number {
  const processors = Number(quota) / Number(period)
  return processors > 0 ? processors : Infinity
}

function attempt(read: Read, path: string): string | undefined {
  try {
    return read(path)
  } catch {
    // The system has no such file, or the process may not read it: nothing is known, so nothing is limited.
    return undefined
  }
}
