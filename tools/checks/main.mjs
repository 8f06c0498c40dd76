import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install } from './install.mjs'
import { Failure, run } from './processes.mjs'
import { inRoot, readJson } from './repository.mjs'
import { build, turbo } from './turbo.mjs'

/** What `node tools/checks/entry.cjs <command>` can do. The scripts in package.json are its only callers. */
const commands = {
  /** Runs a program of this repository, such as `tools/demo/dist/main.js`, when everything that it needs is built. */
  async run([path, ...args]) {
    const folder = path.split('/', 2).join('/')
    await install()
    await build(`./${folder}`)
    await importProgram(path, args)
  },

  async bench(args) {
    await install()
    await build('@sock/bench')
    // As it is published: without the checks that tests run with.
    const { code, output } = await run(process.execPath, [
      inRoot('packages/native/build.mjs'),
      '--if-possible',
    ])
    if (code !== 0) throw new Failure('Could not build the engine: the messages are above.', output)
    await importProgram('tools/bench/dist/main.js', args)
  },

  async test(args) {
    await install()
    await (await import('./checks.mjs')).test(args)
  },

  async extended(args) {
    await install()
    await (await import('./checks.mjs')).extended(args)
  },

  /** Each version of Node installs for itself. */
  matrix: async (args) => (await import('./matrix.mjs')).matrix(args),

  /** `npm run build` and its like: a task of turbo, for every package that has it. */
  async turbo(args) {
    await install()
    process.exitCode = (await turbo(args)).code
  },

  /**
   * Before `npm test` in one package: installs and builds what it needs, and no more. turbo, which sets TURBO_HASH, has done
   * that already.
   */
  async package() {
    if (process.env['TURBO_HASH'] !== undefined) return
    const { name } = readJson(join(process.cwd(), 'package.json'))
    await install([`${name}...`])
    await build(name)
  },
}

/** Imports a program rather than spawning it: signals, the terminal and the exit code are its own then. */
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
  console.error(error.message)
  process.exitCode = 1
}
