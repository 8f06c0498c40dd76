import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { until } from './until.js'

/** SIGSTOP: returns when the process does nothing more, where the system tells. SIGCONT lets it go on. */
export async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP')
  if (process.platform !== 'linux') return
  await until(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') T '), 'it is stopped')
}
