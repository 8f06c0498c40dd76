import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { identity } from './origin.mjs'

/** What this test itself was started with, and a newcomer's shell has not; and no colours, so that what is printed can be read. */
const OURS = /^(FORCE_COLOR$|TURBO_|SOCK_|JEST_|NODE_ENV$|NODE_OPTIONS$|INIT_CWD$|npm_(package|lifecycle)_)/

/** Somebody at a shell, who begins in the given folder. */
export function createNewcomer(folder) {
  const environment = Object.entries(process.env).filter(([name]) => !OURS.test(name))
  const env = { ...Object.fromEntries(environment), ...identity, NO_COLOR: '1' }
  const whereabouts = join(folder, 'whereabouts')
  let cwd = folder
  return {
    /** Where the last line has led. */
    get cwd() {
      return cwd
    },
    /** Types a line, as into a shell that goes on. @returns its exit code, and what it printed */
    async type(line) {
      const begun = performance.now()
      const { code, output } = await run(
        'sh',
        ['-c', `${line}\ncode=$?; pwd > '${whereabouts}'; exit $code`],
        { cwd, env },
      )
      cwd = readFileSync(whereabouts, 'utf8').trim()
      return { code, output, seconds: (performance.now() - begun) / 1000 }
    },
  }
}
