import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { Failure, inRoot } from './repository.mjs'
import { buildStale, buildTarget, placeOf, TARGETS } from './targets.mjs'

/*
 * node tools/release/main.mjs <command>
 *
 *   version                     npm run release:version: change files become versions and changelogs
 *   publish [--provenance]      npm run release: publishes versions that the registry does not have
 *   rehearse                    npm run release:rehearse: both, and all installations, with a temporary registry
 *   build [--all] [platform…]   npm run native:build: for this machine, for all platforms, or for some
 *   check --help                npm run native:check: warnings, sanitizers, random input and use, the model and qemu
 *   prepack <platform>          pnpm runs it before it packs a binary
 *
 * Each command loads only its own modules: pnpm also runs this file in a clone that has not been built.
 */
const flag = { type: 'boolean', default: false }
const commands = {
  version: async () => (await import('./release.mjs')).version(),
  async publish(args) {
    const { values } = parseArgs({ args, options: { provenance: flag } })
    const { publish } = await import('./release.mjs')
    return publish(values.provenance)
  },
  rehearse: async () => (await import('./rehearsal/rehearse.mjs')).rehearse(),
  build(args) {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { all: flag } })
    const names = values.all ? Object.keys(TARGETS) : positionals
    for (const name of names) {
      buildTarget(name)
      console.log(placeOf(name))
    }
    if (names.length > 0) return 0
    return spawnSync(process.execPath, [inRoot('packages/native/build.mjs'), '-g'], { stdio: 'inherit' })
      .status
  },
  prepack: (args) => buildStale(args),
  check: async (args) => (await import('./check.mjs')).check(args),
}

const [name = '', ...args] = process.argv.slice(2)
try {
  if (!Object.hasOwn(commands, name))
    throw new Failure(`Cannot run "${name}": known are ${Object.keys(commands).join(', ')}`)
  process.exitCode = await commands[name](args)
} catch (error) {
  if (!(error instanceof Failure) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  console.error(error.message)
  process.exitCode = 1
}
