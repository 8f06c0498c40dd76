import { delimiter } from 'node:path'
import { run } from './child.mjs'
import { machine } from './machine.mjs'
import { inRoot, root } from './workspace.mjs'

/** Runs turbo, which runs tasks in the right order and only where something changed. `show` is as in `run()`. */
export function turbo(args, { show = true } = {}) {
  return run(process.execPath, [inRoot('node_modules/turbo/bin/turbo'), 'run', ...args], {
    cwd: root,
    show,
    env: {
      ...process.env,
      // turbo starts the packages' scripts with the pnpm that is installed here.
      PATH: inRoot('node_modules/.bin') + delimiter + process.env['PATH'],
      SOCK_MACHINE: machine(),
      TURBO_TELEMETRY_DISABLED: '1',
    },
  })
}
