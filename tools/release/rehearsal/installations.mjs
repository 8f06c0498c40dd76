import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { succeed } from '@sock/tools/processes'
import { echoProgram, TRANSPORTS } from '../programs.mjs'
import { inRoot, platformHere } from '../repository.mjs'
import { canBuild, TARGETS } from '../targets.mjs'
import { createManagers } from './managers.mjs'

/** Installs the released packages in empty projects with each Node and package manager, and runs programs that use them. */
export async function installEverywhere(stage, releases) {
  let npm
  for (const major of Object.keys(stage.machines)) {
    const managers = createManagers(stage, major)
    await test(`Node ${major}`, { concurrency: true }, async (t) => {
      await Promise.all(managers.map((manager) => tryManager(manager, t)))
    })
    // npm installs one copy of core for both, if the ranges allow; Yarn 1 would install the newest for tcp.
    npm = managers[0]
  }
  await mixVersions(npm, releases)
  await packClone(npm, stage)
}

async function tryManager(manager, t) {
  const claim = (text, install, how = {}) =>
    t.test(`Node ${manager.major}, ${manager.name}: ${text}`, how, () => install(manager))
  await claim('every transport serves an echo, imported and required', installTransports)
  await claim('@sock/unixgram is installed where nothing can be compiled', installUncompiled)
  const hasBinary = platformHere() in TARGETS && canBuild(platformHere())
  const skip = hasBinary ? false : `there is no binary for ${platformHere()}`
  await claim('@sock/native serves an echo where nothing can be compiled', installEngine, { skip })
}

/** pnpm and Yarn 4 let a package use only what it depends on. */
async function installTransports(manager) {
  const project = manager.project('transports')
  project.write('echo.mjs', echoProgram(TRANSPORTS))
  project.write('echo.cjs', echoProgram(TRANSPORTS, { format: 'cjs' }))
  await project.add(...TRANSPORTS.map((name) => `@sock/${name}`))
  const readme = readFileSync(inRoot('packages/unixgram/README.md'), 'utf8')
  const [, line] = new RegExp(`^\\| ${manager.name} +\\| \`([^\`]+)\` +\\|$`, 'm').exec(readme) ?? []
  // Others compile unix-dgram without being asked.
  if (line !== undefined) {
    const told = `unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*${manager.name.split(' ')[0]}`
    assert.match(await project.program('echo.mjs'), new RegExp(told))
    await project.type(line)
  }
  const answers = TRANSPORTS.map((name) => `${name} hello\n`).join('')
  assert.equal(await project.program('echo.mjs'), answers)
  // docs/platforms.md: Plug'n'Play cannot require ES modules there.
  if (manager.name === 'Yarn 4' && manager.major === '20')
    await assert.rejects(project.program('echo.cjs'), /ERR_MODULE_NOT_FOUND/)
  else assert.equal(await project.program('echo.cjs'), answers)
}

async function installUncompiled(manager) {
  const project = manager.project('uncompiled', { compilers: false })
  if (manager.name === 'pnpm')
    project.write('pnpm-workspace.yaml', 'sideEffectsCache: false\nallowBuilds:\n  unix-dgram: true\n')
  await project.add('@sock/unixgram')
  project.write('echo.mjs', echoProgram(['unixgram']))
  // The message names both solutions.
  const told = /^unixgram ERR_SOCK_NATIVE_UNAVAILABLE .*npm install unix-dgram.*npm install @sock\/native/
  assert.match(await project.program('echo.mjs'), told)
}

async function installEngine(manager) {
  const project = manager.project('engine', { compilers: false })
  await project.add('@sock/native', '@sock/tcp', '@sock/unixgram')
  await expectEngine(project)
  // The script `prepack` would add one.
  assert.ok(!existsSync(join(project.folder, 'node_modules/@sock/native/dist/lib/sock_native.node')))
}

async function expectEngine(project) {
  project.write('engine.mjs', echoProgram(['tcp', 'unixgram'], { engine: true }))
  assert.equal(await project.program('engine.mjs'), 'tcp hello\nunixgram hello\n')
}

/** Mixes versions of tcp and core that were not released together, but fit the declared range. */
async function mixVersions(manager, { first, patchedTcp, extendedCore }) {
  for (const [title, tcp, core] of [
    ['old with new', first, extendedCore],
    ['new with old', patchedTcp, first],
  ]) {
    const mix = [
      ['@sock/core', core],
      ['@sock/tcp', tcp],
      ['@sock/testing', core],
    ].map(([name, from]) => `${name}@${from.get(name)}`)
    await test(`${title}: ${mix.join(', ')} pass the conformance suite`, async () => {
      const project = manager.project(title)
      await project.add(...mix)
      const found = JSON.parse(await project.type(`npm query --loglevel=error '[name^="@sock/"]'`))
      assert.deepEqual(found.map(({ name, version }) => `${name}@${version}`).toSorted(), mix)
      cpSync(inRoot('tools/release/programs'), join(project.folder, 'programs'), { recursive: true })
      const report = await project.type('node --test-reporter=tap programs/conformance.mjs tcp')
      assert.ok(Number(/^# pass (\d+)$/m.exec(report)?.[1]) > 100, report)
      assert.match(report, /^# fail 0$/m)
    })
  }
}

/** Packs a clone as the README says. The registry has none of these versions, so the packed engine must be used. */
async function packClone(manager, stage) {
  await test('packed from a clone, everything can be installed, and the engine serves an echo', async () => {
    const tarballs = join(stage.folder, 'tarballs')
    const pack = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', tarballs]
    await succeed(inRoot('node_modules/.bin/pnpm'), pack, { cwd: inRoot() })
    const project = manager.project('packed')
    await project.add(...readdirSync(tarballs).map((name) => join(tarballs, name)))
    await expectEngine(project)
  })
}
