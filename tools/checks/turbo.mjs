import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter } from 'node:path'
import { Failure, run } from './processes.mjs'
import { inRoot, root } from './repository.mjs'

/** Describes the machine, for the key of the cache: after you install socat, a test that was skipped must run. */
function machine() {
  const list =
    'while read -r package programs; do for program in $programs; do command -v $program; done; done < .ci/programs'
  const found = spawnSync('sh', ['-c', list], { cwd: root, encoding: 'utf8' }).stdout ?? ''
  // pnpm removes it if it cannot be built.
  const dgram = `unix-dgram=${existsSync(inRoot('packages/unixgram/node_modules/unix-dgram'))}`
  return [process.version, process.platform, process.arch, `uid=${process.getuid?.()}`, dgram, found].join(
    ' ',
  )
}

/** Runs tasks in the right order, and takes unchanged results from the cache. For `show` see `run()`. */
export function turbo(args, { show = true } = {}) {
  const program = inRoot('node_modules/turbo/bin/turbo')
  return run(process.execPath, [program, 'run', '--output-logs=errors-only', ...args], {
    cwd: root,
    show,
    env: {
      ...process.env,
      // turbo runs the scripts of packages with the pnpm in node_modules.
      PATH: inRoot('node_modules/.bin') + delimiter + process.env['PATH'],
      SOCK_MACHINE: machine(),
      SOCK_PLACE: `${root} umask=${spawnSync('sh', ['-c', 'umask'], { encoding: 'utf8' }).stdout?.trim()}`,
      TURBO_TELEMETRY_DISABLED: '1',
    },
  })
}

/** Builds these packages and their dependencies, or everything if you name none. @throws Failure */
export async function build(...names) {
  const scope = names.map((name) => `--filter=${name}...`)
  // Most builds come from the cache, in less time than this.
  const slow = setTimeout(() => console.error('Building'), 2_000)
  const { code, output } = await turbo(['build', ...scope], { show: false })
  clearTimeout(slow)
  if (code !== 0) throw new Failure('Could not build: the messages are above.', output)
}
