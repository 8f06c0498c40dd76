import { pathToFileURL } from 'node:url'
import { install, mustBeHere, mustBeWhole } from './install.mjs'
import { Failure, run } from './processes.mjs'
import { inRoot, workspaces } from './repository.mjs'
import { build, turbo } from './turbo.mjs'

/** What `node tools/checks/entry.cjs <command>` can do. The scripts in package.json are its only callers. */
const commands = {
  /** Runs a program of this repository, such as `tools/demo/dist/main.js`, when everything that it needs is built. */
  async run([path, ...args]) {
    const folder = path.split('/', 2).join('/')
    mustBeHere(folder, 'this')
    await install()
    await build(`./${folder}`)
    await importProgram(path, args)
  },

  /** In the folder of a package, it installs and builds only what that one needs. */
  async bench(args) {
    mustBeHere('tools/bench', 'a benchmark')
    const here = workspaceHere()
    if (here === undefined) {
      await install()
      await build('@sock/bench')
    } else {
      await preparePackage(here, '@sock/bench', '@sock/tools')
      await build('@sock/tools')
      // Without types: a sparse clone does not have all that it imports.
      await succeed('node_modules/typescript/bin/tsc', '-p', inRoot('tools/bench/tsconfig.alone.json'))
    }
    // As it is published: without the checks that tests run with.
    await succeed('packages/native/build.mjs', '--if-possible')
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

  /** Before `npm test` in one package. turbo, which sets TURBO_HASH, has done all of it already. */
  async package() {
    if (process.env['TURBO_HASH'] === undefined) await preparePackage(workspaceHere())
  },
}

const workspaceHere = () => workspaces().find(({ folder }) => inRoot(folder) === process.cwd())

/** Installs and builds what a package needs, and no more. @param others what else to install, without building it */
async function preparePackage({ folder, manifest }, ...others) {
  await install([`${manifest.name}...`, ...others])
  mustBeWhole(folder)
  await build(manifest.name)
}

async function succeed(path, ...args) {
  const { code, output } = await run(process.execPath, [inRoot(path), ...args])
  if (code !== 0) throw new Failure(`${path} failed: the messages are above.`, output)
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
