import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** What decides when TCP sends (tcp_congestion_control, tcp(7)): with `bbr` large transfers take another course. */
  readonly congestionControl: string | undefined
  /** Of the servers under test. */
  readonly node: string
  /** Of the load generator. */
  readonly generatorNode: string
}

const GIB = 1024 ** 3

/** @param node the binary that runs the servers @throws an Error if it does not run */
export function describeMachine(node: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / GIB),
    system: `${type()} ${release()}`,
    congestionControl: congestionControl(),
    node: versionOf(node),
    generatorNode: process.version,
  }
}

function congestionControl(): string | undefined {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim()
  } catch {
    return undefined
  }
}

function versionOf(node: string): string {
  try {
    return execFileSync(node, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch (error) {
    throw new Error(`cannot run ${node} --version`, { cause: error })
  }
}

/** The commit of the working tree, with `+` when it was changed since; `unknown` outside of one. */
export function describeCommit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  try {
    const isChanged =
      git('status', '--porcelain', '--untracked-files=no', '--', ':/packages', ':/tools/bench') !== ''
    return git('rev-parse', '--short=12', 'HEAD').trim() + (isChanged ? '+' : '')
  } catch {
    return 'unknown'
  }
}
