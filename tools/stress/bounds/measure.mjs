import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { scenarios } from './scenarios.mjs'

/** Code that is loaded while it runs, V8's young generation, and buffers that are garbage but not yet collected. */
const SLACK = 96 * 1024 * 1024
/** A scenario in which nothing has moved for so many looks has failed: looks, since a busy machine is slow in both. */
const LOOKS = 1_000
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
  let before
  for (let looks = 0; looks < LOOKS; looks++) {
    server.child.send('report')
    const report = await server.next()
    if (scenario.isOver(report.stats, scenario)) return report
    const seen = JSON.stringify(report.stats)
    if (seen !== before) looks = 0
    before = seen
    await sleep(LOOK)
  }
  throw new Error(`Did not come to its end: ${before}`)
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
