import { describe, expect, it } from '@jest/globals'
import { usableProcessors } from '../src/lib/processors.js'

/** Reads from a system that has only these files. */
function reader(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  }
}

const GROUPS = '/proc/self/cgroup'

describe('usableProcessors()', () => {
  it('usableProcessors() returns the affinity where there are no control groups', () => {
    expect(usableProcessors(3, reader({}))).toBe(3)
    expect(usableProcessors(3, reader({ [GROUPS]: '0::/\n' }))).toBe(3)
  })

  it.each([
    ['max 100000\n', 4],
    ['400000 100000\n', 4],
    ['150000 100000\n', 1.5],
    ['50000 100000\n', 0.5],
    ['800000 100000\n', 4],
  ])('usableProcessors() takes the quota of version 2, %j, for %d of 4 processors', (quota, processors) => {
    expect(usableProcessors(4, reader({ [GROUPS]: '0::/\n', '/sys/fs/cgroup/cpu.max': quota }))).toBe(
      processors,
    )
  })

  it('usableProcessors() takes the smallest quota of a group and of those above it', () => {
    const files = {
      [GROUPS]: '0::/system.slice/app.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '100000 100000\n',
      '/sys/fs/cgroup/system.slice/app.service/cpu.max': '200000 100000\n',
    }
    expect(usableProcessors(4, reader(files))).toBe(1)
  })

  it('usableProcessors() takes the quota of version 1', () => {
    const files = (quota: string): Record<string, string> => ({
      [GROUPS]: '5:cpu,cpuacct:/docker/1:2\n4:memory:/docker/1:2\n1:cpuset:/\n',
      '/sys/fs/cgroup/cpu/docker/1:2/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu/docker/1:2/cpu.cfs_period_us': '100000\n',
    })
    expect(usableProcessors(4, reader(files('-1\n')))).toBe(4)
    expect(usableProcessors(4, reader(files('100000\n')))).toBe(1)
  })
})
