import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { succeed } from '@sock/tools/processes'
import { echoProgram, TRANSPORTS } from '../programs.mjs'
import { inRoot, platformHere } from '../repository.mjs'
import { canBuild, TARGETS } from '../targets.mjs'
import { createManagers } from './managers.mjs'

const [CORE, TCP, NATIVE, UNIXGRAM, TESTING] = ['core', 'tcp', 'native', 'unixgram', 'testing'].map(
  (it) => `@sock/${it}`,
)

/** Installs the released packages in empty projects with each package manager, and runs programs that use them. */
export async function installEverywhere(stage, tree, releases, claims) {
  const managers = await createManagers(stage)
  await Promise.all(managers.map((manager) => installAlone(manager, tree, releases.last, claims)))
  for (const manager of managers) await installUncompiled(manager, claims)
  if (platformHere() in TARGETS && canBuild(platformHere())) {
    for (const manager of managers) await installEngine(manager, releases.last, claims)
  } else claims.skip(`the engine is installed and used: there is no binary for ${platformHere()}`)
  // npm installs one copy of core for both, if the ranges allow; Yarn 1 would install the newest for tcp.
  await mixVersions(managers[0], releases, claims)
  await packClone(managers[0], stage, claims)
}

/** Each transport alone: imported, required, and without its native module. */
async function installAlone(manager, tree, versions, claims) {
  for (const transport of TRANSPORTS) {
    const name = `@sock/${transport}`
    const project = manager.project(transport)
    const write = (file, options) =>
      writeFileSync(join(project.folder, file), echoProgram([transport], options))
    write('echo.mjs')
    write('echo.cjs', { format: 'cjs' })
    const { code, output } = await project.add(name)
    await claims.check(`${manager.name}: ${name} alone brings ${CORE}, once, as released`, () => {
      assert.ok(code === 0 || output.includes('ERR_PNPM_IGNORED_BUILDS'), output)
      const wanted = [CORE, name].map((it) => `${it}@${versions.get(it)}`)
      // The native module of unixgram depends on packages that compile it.
      const isOurs = (it) => name !== UNIXGRAM || it.startsWith('@sock/')
      assert.deepEqual(project.installed().filter(isOurs), wanted)
    })
    if (name === UNIXGRAM && manager.name !== 'Yarn 1') await buildUnixDgram(manager, project, tree, claims)
    await claims.check(`${manager.name}: ${name} serves an echo, imported and required`, async () => {
      assert.equal(await project.program('echo.mjs'), `${transport} hello\n`)
      assert.equal(await project.program('echo.cjs'), `${transport} hello\n`)
    })
  }
}

/** Builds unix-dgram as the README says: package managers do not run install scripts by default, except for Yarn 1. */
async function buildUnixDgram(manager, project, tree, claims) {
  await claims.check(
    `${manager.name}: without unix-dgram built, the first use tells how to build it`,
    async () => {
      const tool = manager.name.split(' ')[0]
      assert.match(
        await project.program('echo.mjs'),
        new RegExp(`^unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*${tool}`),
      )
    },
  )
  const row = new RegExp(`^\\| ${manager.name} +\\| \`([^\`]+)\` +\\|$`, 'm')
  const [, line] = row.exec(tree.readme(UNIXGRAM)) ?? []
  await claims.check(`${manager.name}: the line of its README builds it: ${line}`, async () => {
    assert.ok(line !== undefined, 'there is none')
    await project.type(line)
  })
}

/** Replaces the programs that a compilation needs by scripts that fail and record each call. */
function setTraps({ folder }) {
  const traps = { bin: join(folder, 'traps'), log: join(folder, 'trapped') }
  mkdirSync(traps.bin, { recursive: true })
  rmSync(traps.log, { force: true })
  for (const name of ['cc', 'c++', 'gcc', 'g++', 'clang', 'make', 'python', 'python3', 'node-gyp']) {
    writeFileSync(join(traps.bin, name), `#!/bin/sh\necho "$0 $*" >> '${traps.log}'\nexit 1\n`)
    chmodSync(join(traps.bin, name), 0o755)
  }
  return traps
}

/** Installs where nothing can be compiled, although install scripts may run. */
async function installUncompiled(manager, claims) {
  const project = manager.project('uncompiled', setTraps(manager).bin)
  if (manager.name === 'pnpm') {
    const settings = 'sideEffectsCache: false\nallowBuilds:\n  unix-dgram: true\n'
    writeFileSync(join(project.folder, 'pnpm-workspace.yaml'), settings)
  }
  const { code, output } = await project.add(UNIXGRAM)
  await claims.check(`${manager.name}: ${UNIXGRAM} is installed where nothing can be compiled`, async () => {
    assert.equal(code, 0, output)
    writeFileSync(join(project.folder, 'echo.mjs'), echoProgram(['unixgram']))
    // The message names both solutions.
    const told = /^unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*npm install unix-dgram.*npm install @sock\/native/
    assert.match(await project.program('echo.mjs'), told)
  })
}

/** Installs the engine without install scripts, where any call of a compiler is recorded. */
async function installEngine(manager, versions, claims) {
  const traps = setTraps(manager)
  const project = manager.project('engine', traps.bin)
  const { code, output } = await project.add(manager.withoutScripts, NATIVE, TCP, UNIXGRAM)
  await claims.check(
    `${manager.name}: ${NATIVE} is installed with its scripts off, and serves an echo`,
    async () => {
      assert.equal(code, 0, output)
      writeFileSync(join(project.folder, 'engine.mjs'), echoProgram(['tcp', 'unixgram'], { engine: true }))
      assert.equal(await project.program('engine.mjs'), 'tcp hello\nunixgram hello\n')
      assert.equal(existsSync(traps.log), false, 'something that compiles was started')
    },
  )
  // Yarn 1 ignores the C library of a package, and the lock file of Yarn 4 has the binaries of all platforms.
  if (manager.name.startsWith('Yarn')) return
  await claims.check(`${manager.name}: of the binaries, only ${platformHere()} is installed`, () => {
    const wanted = [`${NATIVE}-${platformHere()}`, NATIVE].map((name) => `${name}@${versions.get(NATIVE)}`)
    assert.deepEqual(
      project.installed().filter((it) => it.startsWith(NATIVE)),
      wanted,
    )
  })
}

/** Mixes versions of tcp and core that were not released together, but fit the declared range. */
async function mixVersions(manager, { first, patchedTcp, extendedCore }, claims) {
  await claims.check(`the first ${TCP} takes the newest ${CORE} of its range by itself`, async () => {
    const project = manager.project('newest-in-range')
    const { code, output } = await project.add(`${TCP}@${first.get(TCP)}`)
    assert.equal(code, 0, output)
    assert.ok(project.installed().includes(`${CORE}@${extendedCore.get(CORE)}`))
  })
  for (const [title, tcp, core] of [
    ['old-with-new', first, extendedCore],
    ['new-with-old', patchedTcp, first],
  ]) {
    const wanted = [
      [CORE, core],
      [TCP, tcp],
      [TESTING, core],
    ].map(([name, from]) => `${name}@${from.get(name)}`)
    await claims.check(`${title}: ${wanted.join(', ')} pass the conformance suite`, async () => {
      const project = manager.project(title)
      const { code, output } = await project.add(...wanted)
      assert.equal(code, 0, output)
      assert.deepEqual(project.installed(), wanted)
      cpSync(inRoot('tools/release/programs'), join(project.folder, 'programs'), { recursive: true })
      const report = await project.type('node --test-reporter=tap programs/conformance.mjs tcp')
      assert.ok(Number(/^# pass (\d+)$/m.exec(report)?.[1]) > 100, report)
      assert.match(report, /^# fail 0$/m)
    })
  }
}

/** Packs a clone as the README says. The registry has none of these versions, so the packed engine must be used. */
async function packClone(manager, stage, claims) {
  const tarballs = join(stage.folder, 'tarballs')
  const pack = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', tarballs]
  await claims.check(
    'packed from a clone, everything can be installed, and the engine serves an echo',
    async () => {
      await succeed(inRoot('node_modules/.bin/pnpm'), pack, { cwd: inRoot() })
      const project = manager.project('packed')
      const { code, output } = await project.add(...readdirSync(tarballs).map((name) => join(tarballs, name)))
      assert.equal(code, 0, output)
      writeFileSync(join(project.folder, 'engine.mjs'), echoProgram(['tcp', 'unixgram'], { engine: true }))
      assert.equal(await project.program('engine.mjs'), 'tcp hello\nunixgram hello\n')
    },
  )
}
