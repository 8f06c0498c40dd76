import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scenarios } from './scenarios.mjs'

/** Code that is loaded while it runs, V8's young generation, and buffers that are garbage but not yet collected. */
const SLACK = 96 * 1024 * 1024
/** A scenario that is not over by then has failed. */
const LIMIT = 30_000
const LOOK = 25

/** Puts a server through a scenario: how much it has grown at most, and may have; its counters; how it ended. */
export async function measure(name) {
  const scenario = scenarios[name]
  const folder = mkdtempSync(join(tmpdir(), 'sock-bounds-'))
  const target = scenario.transport === 'unix' ? join(folder, 'server.sock') : '127.0.0.1:0'
  const server = start('server', name, target)
  let peers
  try {
    const ready = await server.next()
    peers = start('peers', name, JSON.stringify(ready.address))
    await peers.next()
    const { peak, stats } = await untilOver(scenario, server)
    const code = await server.stop()
    return { name, growth: peak - ready.peak, bound: scenario.bound(scenario) + SLACK, stats, code }
  } finally {
    await Promise.all([server.kill(), peers?.kill()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilOver(scenario, server) {
  const end = performance.now() + LIMIT
  for (;;) {
    server.child.send('report')
    const report = await server.next()
    if (scenario.isOver(report.stats, scenario)) return report
    if (performance.now() > end) throw new Error(`Did not come to its end: ${JSON.stringify(report)}`)
    await sleep(LOOK)
  }
}

function start(role, name, target) {
  const child = fork(new URL('./role.mjs', import.meta.url), [role, name, target], { execArgv: [] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  return {
    child,
    async next() {
      const [message] = await Promise.race([
        once(child, 'message'),
        exited.then((code) => Promise.reject(new Error(`The ${role} of "${name}" ended with ${code}`))),
      ])
      return message
    },
    /** Lets it end by itself. @returns its exit code */
    stop() {
      child.disconnect()
      return exited
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}

export const mib = (bytes) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`
