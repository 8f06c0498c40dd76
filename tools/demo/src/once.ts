import type { ShutdownReport } from '@sock/core'
import { setMaxListeners } from 'node:events'
import { finishClient, runClient, type Client } from './client.js'
import { formatBytes, formatCount, formatReport, formatTable } from './format.js'
import type { Screen } from './screen.js'
import { shutdownAll, type Running } from './servers.js'
import type { Stop } from './stop.js'

/** What the built-in clients do to each transport. */
export interface Load {
  readonly connections: number
  /** Per connection. */
  readonly messages: number
  /** How long all of it may take, in seconds, without the shutdown. */
  readonly timeout: number
}

/** How one transport did. */
export interface Result {
  readonly running: Running
  readonly messages: number
  readonly bytes: number
  readonly seconds: number
  readonly lost: number
  readonly different: number
  /** The first thing that went wrong. */
  readonly problem: string | undefined
  readonly report: ShutdownReport
}

/** How long the shutdown at the end may take, in ms: its clients are idle, which it notices after half a second. */
const SHUTDOWN_TIMEOUT = 2_500

/** Runs the clients against every server, shuts down, prints what came of it. @returns the exit code */
export async function runOnce(
  running: readonly Running[],
  load: Load,
  stop: Stop,
  screen: Screen,
): Promise<number> {
  const results = await measure(running, load, stop)
  for (const line of formatTable([HEADER, ...results.map(formatRow)])) screen.print(line)
  const failed = results.filter((result) => !isGood(result))
  for (const {
    running: { transport },
    problem = 'connections had to be cut off',
  } of failed) {
    screen.print(screen.paint('red', `${transport.name}: ${problem}`))
  }
  if (failed.length === 0) screen.print(screen.paint('green', 'Every byte came back.'))
  return failed.length === 0 ? 0 : stop.exitCode || 1
}

/** The transports one after the other, so that they do not take each other's time; then all are shut down, with their clients connected. */
async function measure(running: readonly Running[], load: Load, stop: Stop): Promise<Result[]> {
  const deadline = performance.now() + load.timeout * 1000
  const exchanges: Exchange[] = []
  for (const [index, one] of running.entries()) {
    // What one transport leaves of its share goes to the next ones.
    const share = (deadline - performance.now()) / (running.length - index)
    exchanges.push(await withDeadline(share, stop.wanted, (signal) => exchange(one, load, signal)))
  }
  const shutdown = shutdownAll(running, { timeout: SHUTDOWN_TIMEOUT, signal: stop.forced })
  const surplus = await Promise.all(exchanges.map(({ clients }) => countSurplus(clients, shutdown)))
  const reports = await shutdown
  return running.map((one, index) =>
    summarize(
      one,
      load,
      exchanges[index] as Exchange,
      surplus[index] as number,
      reports[index] as ShutdownReport,
    ),
  )
}

interface Exchange {
  readonly clients: readonly Client[]
  readonly seconds: number
}

async function exchange(running: Running, load: Load, signal: AbortSignal): Promise<Exchange> {
  const start = performance.now()
  const clients = await Promise.all(
    Array.from({ length: load.connections }, (_, id) => runClient(running, id, load.messages, signal)),
  )
  return { clients, seconds: (performance.now() - start) / 1000 }
}

/** On how many connections more came back than was sent, though all of it had come back before. */
async function countSurplus(clients: readonly Client[], stopped: Promise<unknown>): Promise<number> {
  const found = await Promise.all(
    clients.map(async ({ channel, problem }) => {
      if (channel === undefined) return false
      const isSurplus = await finishClient(channel, stopped)
      return isSurplus && problem === undefined
    }),
  )
  return found.filter(Boolean).length
}

function summarize(
  running: Running,
  load: Load,
  { clients, seconds }: Exchange,
  surplus: number,
  report: ShutdownReport,
): Result {
  const sum = (key: 'messages' | 'bytes' | 'different'): number =>
    clients.reduce((total, client) => total + client[key], 0)
  const [messages, different] = [sum('messages'), sum('different')]
  return {
    running,
    messages,
    bytes: sum('bytes'),
    seconds,
    lost: load.connections * load.messages - messages - different,
    different: different + surplus,
    problem:
      clients.find(({ problem }) => problem !== undefined)?.problem ??
      (surplus > 0 ? 'more came back than was sent' : undefined),
    report,
  }
}

/** Calls `action` with a signal that aborts after `ms`, or with `stop`. */
async function withDeadline<T>(
  ms: number,
  stop: AbortSignal,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  // Every client listens.
  setMaxListeners(0, controller.signal)
  const interrupt = (): void => controller.abort(new Error('interrupted'))
  const timer = setTimeout(() => controller.abort(new Error('no answer in time')), ms)
  stop.addEventListener('abort', interrupt, { once: true })
  if (stop.aborted) interrupt()
  try {
    return await action(controller.signal)
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', interrupt)
  }
}

const isGood = ({ lost, different, report }: Result): boolean => lost + different + report.forced === 0

const HEADER = ['transport', 'address', 'messages', 'bytes', 'throughput', 'shutdown', 'verdict']

const formatRow = (result: Result): string[] => [
  result.running.transport.name,
  `${result.running.address}`,
  formatCount(result.messages),
  formatBytes(result.bytes),
  `${formatBytes(result.bytes / result.seconds)}/s`,
  formatReport(result.report),
  formatVerdict(result),
]

function formatVerdict(result: Result): string {
  if (isGood(result)) return 'ok'
  const { lost, different, report } = result
  return `${formatCount(lost)} lost, ${formatCount(different)} different, ${formatCount(report.forced)} forced`
}
