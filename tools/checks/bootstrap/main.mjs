import { pathToFileURL } from 'node:url'
import { buildAlone, buildPackage, buildProgram, buildRelease } from './build.mjs'
import { runCommand } from './command.mjs'
import { install } from './install.mjs'
import { turbo } from './turbo.mjs'
import { inRoot, mustBeHere, packageHere } from './workspace.mjs'

/** The programs of the repository, by what their scripts in package.json say: `npm start` and so on. */
const programs = {
  start: ['demo'],
  soak: ['stress', 'soak/main.js'],
  model: ['stress', 'model/main.js'],
  release: ['release'],
  site: ['docs'],
}

/** What `node tools/checks/entry.cjs <command>` can do; package.json's scripts are the only callers. */
const commands = {
  ...Object.fromEntries(
    Object.entries(programs).map(([script, tool]) => [script, (args) => runProgram(args, ...tool)]),
  ),

  /** `npm run bench`. Inside a package it installs and builds only what that one needs. */
  async bench(args) {
    const alone = packageHere()
    mustBeHere('tools/bench', 'a benchmark')
    if (alone === undefined) {
      await install()
      await buildProgram('@sock/bench')
    } else {
      await install([alone], ['@sock/bench'])
      await buildPackage(process.cwd())
      await buildAlone('tools/bench')
    }
    await buildRelease()
    await runHere('tools/bench/dist/main.js', args)
  },

  /** `npm test`: what tells whether a change is right. */
  async test(args) {
    mustBeHere('tools/checks', 'this')
    await install()
    await runHere('tools/checks/all.mjs', args)
  },

  /** `npm run test:extended`, `npm run test:site` and so on: what is for releases and nights. */
  async extended(args) {
    mustBeHere('tools/checks', 'this')
    await install()
    await runHere('tools/checks/extended.mjs', args)
  },

  /** `npm run lint`: lint and types of everything. */
  async lint() {
    mustBeHere('tools/checks', 'this')
    await install()
    await runHere('tools/checks/lint-all.mjs', [])
  },

  /** `npm run test:matrix`: both, on several versions of Node. Each of them installs for itself. */
  async matrix(args) {
    await runHere('tools/checks/matrix.mjs', args)
  },

  /** `npm run native:build`, `npm run native:check`: binaries of @sock/native. */
  async native(args) {
    mustBeHere('tools/release', 'this')
    await install()
    if (args[0] === 'check') await buildProgram('@sock/release')
    await runHere('tools/release/binaries/main.mjs', args)
  },

  /** `npm run build` and its like: one turbo task for every package that has it. */
  async turbo(args) {
    await install()
    process.exitCode = (await turbo(args)).code
  },

  /** `npm test` inside one package: what must be there before its own test runner starts. */
  async package() {
    // Set by turbo in every task it starts: then all of this has been done.
    if (process.env['TURBO_HASH'] !== undefined) return
    const alone = packageHere()
    await install(alone === undefined ? [] : [alone])
    await buildPackage(process.cwd())
  },
}

async function runProgram(args, tool, program = 'main.js') {
  mustBeHere(`tools/${tool}`, 'this')
  await install()
  await buildProgram(`@sock/${tool}`)
  await runHere(`tools/${tool}/dist/${program}`, args)
}

/**
 * Imports a program instead of spawning it: one process less, and signals, the terminal and the exit code are its
 * own without any forwarding.
 */
async function runHere(path, args) {
  const program = inRoot(path)
  process.argv = [process.argv[0], program, ...args]
  await import(pathToFileURL(program).href)
}

await runCommand(commands)
