import { spawnSync } from 'node:child_process'
import { delimiter } from 'node:path'
import { Failure, run } from './processes.mjs'
import { inRoot, root } from './repository.mjs'

/** Optional programs that tests talk to or build with: names, and a pattern for the shell. */
const COUNTERPARTS =
  'aarch64-linux-gnu-gcc cc chromium curl dig h2load haproxy ip logger memccat mosquitto_pub nc openssl postmap python3 redis-benchmark redis-cli redis-server rsyslogd socat ss ssh strace systemd-analyze taskset unshare /usr/lib/postgresql/*/bin/postgres'

/** A description of the machine, for the cache: after socat was installed, a test that was skipped must run. */
function machine() {
  const look = `for program in ${COUNTERPARTS}; do command -v $program; done`
  const found = spawnSync('sh', ['-c', look], { encoding: 'utf8' }).stdout ?? ''
  return [process.version, process.platform, process.arch, `uid=${process.getuid?.()}`, found].join(' ')
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
      TURBO_TELEMETRY_DISABLED: '1',
    },
  })
}

/** Builds these packages and their dependencies, or everything if you name none. @throws Failure */
export async function build(...names) {
  const scope = names.map((name) => `--filter=${name}...`)
  const { code, output } = await turbo(['build', ...scope], { show: false })
  if (code !== 0) throw new Failure('Could not build: the messages are above.', output)
}
