import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install } from './install.mjs'
import { Failure } from './processes.mjs'
import { inRoot, readJson } from './repository.mjs'
import { build, turbo } from './turbo.mjs'

/** The commands of `node tools/checks/entry.cjs <command>`. Only the scripts in package.json call them. */
const commands = {
  /** Builds a program of this repository, such as `tools/demo/dist/main.js`, and its dependencies, then runs it. */
  async run([path, ...args]) {
    const folder = path.split('/', 2).join('/')
    await install()
    await build(`./${folder}`)
    await importProgram(path, args)
  },

  async bench(args) {
    await install()
    await build('@sock/bench')
    // The addon as it is published, without the invariant checks of tests.
    const compile = [inRoot('packages/native/build.mjs'), '--if-possible']
    execFileSync(process.execPath, compile, { stdio: 'inherit' })
    await importProgram('tools/bench/dist/main.js', args)
  },

  test: (args) => check('test', args),
  extended: (args) => check('extended', args),

  /** Each version of Node installs for itself. */
  matrix: async (args) => (await import('./matrix.mjs')).matrix(args),

  /** `npm run build` and the like: runs a turbo task in every package that has it. */
  async turbo(args) {
    await install()
    process.exitCode = (await turbo(args)).code
  },

  /**
   * Before `npm test` in one package: installs and builds only what this package needs. Does nothing under turbo, which sets
   * TURBO_HASH and has done that.
   */
  async package() {
    if (process.env['TURBO_HASH'] !== undefined) return
    const { name } = readJson(join(process.cwd(), 'package.json'))
    await install([`${name}...`])
    await build(name)
  },
}

async function check(name, args) {
  if (!args.includes('--help')) await install()
  const checks = await import('./checks.mjs')
  await checks[name](args)
}

/** Imports a program instead of spawning it, so that it gets the signals and the terminal, and sets the exit code. */
async function importProgram(path, args) {
  process.argv = [process.argv[0], inRoot(path), ...args]
  await import(pathToFileURL(inRoot(path)).href)
}

const [name = '', ...args] = process.argv.slice(2)
try {
  if (!Object.hasOwn(commands, name))
    throw new Failure(`Cannot run "${name}": known are ${Object.keys(commands).join(', ')}`)
  await commands[name](args)
} catch (error) {
  if (!(error instanceof Failure || error?.code?.startsWith('ERR_PARSE_ARGS'))) throw error
  if (error.output) console.error(`${error.output.trimEnd()}\n`)
  const isMistyped = error.code !== undefined
  console.error(
    isMistyped
      ? `${error.message}. TESTING.md lists what you can type; options of Jest, such as -t, work in the folder of a package`
      : error.message,
  )
  process.exitCode = 1
}
