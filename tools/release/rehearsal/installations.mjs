import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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
export async function installEverywhere(stage, releases, claims) {
  const managers = await createManagers(stage)
  await Promise.all(managers.map((manager) => installTransports(manager, claims)))
  const hasBinary = platformHere() in TARGETS && canBuild(platformHere())
  if (!hasBinary) claims.skip(`the engine is installed and used: there is no binary for ${platformHere()}`)
  for (const manager of managers) await installUncompiled(manager, hasBinary, claims)
  // npm installs one copy of core for both, if the ranges allow; Yarn 1 would install the newest for tcp.
  await mixVersions(managers[0], releases, claims)
  await packClone(managers[0], stage, claims)
}

/** Our packages in a project of npm, as `name@version`, sorted. A package with two copies is listed twice. */
async function installed(project) {
  const found = JSON.parse(await project.type(`npm query --loglevel=error '[name^="@sock/"]'`))
  return found.map(({ name, version }) => `${name}@${version}`).toSorted()
}

/** All transports, imported and required. pnpm and Yarn 4 let a package use only what it depends on. */
async function installTransports(manager, claims) {
  const project = manager.project('transports')
  project.write('echo.mjs', echoProgram(TRANSPORTS))
  project.write('echo.cjs', echoProgram(TRANSPORTS, { format: 'cjs' }))
  const { code, output } = await project.add(...TRANSPORTS.map((name) => `@sock/${name}`))
  // Yarn 1 runs install scripts by default.
  if (manager.name !== 'Yarn 1') await buildUnixDgram(manager, project, claims)
  await claims.check(`${manager.name}: every transport serves an echo, imported and required`, async () => {
    assert.ok(code === 0 || output.includes('ERR_PNPM_IGNORED_BUILDS'), output)
    const answers = TRANSPORTS.map((name) => `${name} hello\n`).join('')
    assert.equal(await project.program('echo.mjs'), answers)
    assert.equal(await project.program('echo.cjs'), answers)
  })
}

/** Builds unix-dgram as the README says. */
async function buildUnixDgram({ name }, project, claims) {
  await claims.check(`${name}: without unix-dgram built, the first use tells how to build it`, async () => {
    const told = new RegExp(`^unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*${name.split(' ')[0]}`, 'm')
    assert.match(await project.program('echo.mjs'), told)
  })
  const readme = readFileSync(inRoot('packages/unixgram/README.md'), 'utf8')
  const [, line] = new RegExp(`^\\| ${name} +\\| \`([^\`]+)\` +\\|$`, 'm').exec(readme) ?? []
  await claims.check(`${name}: the line of its README builds it: ${line}`, async () => {
    assert.ok(line !== undefined, 'there is none')
    await project.type(line)
  })
}

/** Replaces the programs that a compilation needs by scripts that fail and record each call. */
function setTraps({ folder }) {
  const traps = { bin: join(folder, 'traps'), log: join(folder, 'trapped') }
  mkdirSync(traps.bin, { recursive: true })
  for (const name of ['cc', 'c++', 'gcc', 'g++', 'clang', 'make', 'python', 'python3', 'node-gyp']) {
    writeFileSync(join(traps.bin, name), `#!/bin/sh\necho "$0 $*" >> '${traps.log}'\nexit 1\n`)
    chmodSync(join(traps.bin, name), 0o755)
  }
  return traps
}

/** Installs where nothing can be compiled: unixgram with install scripts, and then the engine without. */
async function installUncompiled(manager, hasBinary, claims) {
  const traps = setTraps(manager)
  const project = manager.project('uncompiled', traps.bin)
  if (manager.name === 'pnpm')
    project.write('pnpm-workspace.yaml', 'sideEffectsCache: false\nallowBuilds:\n  unix-dgram: true\n')
  await claims.check(`${manager.name}: ${UNIXGRAM} is installed where nothing can be compiled`, async () => {
    const { code, output } = await project.add(UNIXGRAM)
    assert.equal(code, 0, output)
    project.write('echo.mjs', echoProgram(['unixgram']))
    // The message names both solutions.
    const told = /^unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*npm install unix-dgram.*npm install @sock\/native/
    assert.match(await project.program('echo.mjs'), told)
  })
  if (!hasBinary) return
  rmSync(traps.log, { force: true })
  await claims.check(`${manager.name}: then ${NATIVE}, with scripts off, serves an echo`, async () => {
    const { code, output } = await project.add(manager.withoutScripts, NATIVE, TCP)
    assert.equal(code, 0, output)
    await expectEngine(project)
    assert.equal(existsSync(traps.log), false, 'something that compiles was started')
    if (manager.name !== 'npm') return
    const names = (await installed(project)).map((it) => it.replace(/@[^@]+$/, ''))
    const binaries = names.filter((name) => name.startsWith(`${NATIVE}-`))
    assert.deepEqual(binaries, [`${NATIVE}-${platformHere()}`], 'it has a binary of another platform')
  })
}

async function expectEngine(project) {
  project.write('engine.mjs', echoProgram(['tcp', 'unixgram'], { engine: true }))
  assert.equal(await project.program('engine.mjs'), 'tcp hello\nunixgram hello\n')
}

/** Mixes versions of tcp and core that were not released together, but fit the declared range. */
async function mixVersions(manager, { first, patchedTcp, extendedCore }, claims) {
  await claims.check(`the first ${TCP} takes the newest ${CORE} of its range by itself`, async () => {
    const project = manager.project('newest-in-range')
    const { code, output } = await project.add(`${TCP}@${first.get(TCP)}`)
    assert.equal(code, 0, output)
    assert.ok((await installed(project)).includes(`${CORE}@${extendedCore.get(CORE)}`))
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
      assert.deepEqual(await installed(project), wanted)
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
      await expectEngine(project)
    },
  )
}
