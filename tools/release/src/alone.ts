import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Claims } from './claims.js'
import { TRANSPORTS, writeConsumers, type Transport } from './consumers.js'
import { reach } from './installed.js'
import type { Manager, Project } from './managers.js'
import { checkNative, NATIVE } from './native.js'
import { succeed } from './processes.js'
import { ROOT } from './repository.js'
import type { Versions } from './releases.js'

/** Installs each transport alone in an empty project, with each package manager, and lets programs use it. */
export async function installAlone(
  managers: readonly Manager[],
  versions: Versions,
  readme: string,
  claims: Claims,
): Promise<void> {
  const projects = await Promise.all(
    managers.map(async (manager) => {
      const made: Project[] = []
      for (const transport of TRANSPORTS)
        made.push(await installOne(manager, transport, versions, readme, claims))
      return { manager, made }
    }),
  )
  // TypeScript knows the folders of Yarn 4 only when it was patched by it.
  const typed = projects.filter(({ manager }) => manager.name !== 'Yarn 4')
  await claims.check(
    `TypeScript programs compile and run: ${typed.map(({ manager }) => manager.name).join(', ')}`,
    () => compileAndRun(typed.flatMap(({ made }) => made)),
  )
}

async function installOne(
  manager: Manager,
  transport: Transport,
  versions: Versions,
  readme: string,
  claims: Claims,
): Promise<Project> {
  const { package: name } = transport
  const project = manager.project(name.replace('@sock/', ''))
  writeConsumers(project.folder, transport)
  const { code, output } = await project.add(name)
  await claims.check(
    `${manager.name}: ${name} alone brings @sock/core${EXTRA[name] ?? ''}, once, as released`,
    () => {
      const isRefused = name === NATIVE && output.includes('ERR_PNPM_IGNORED_BUILDS')
      assert.ok(code === 0 || isRefused, output)
      const installed = project.installed()
      const extra = name === NATIVE ? reach(installed, 'unix-dgram') : new Set()
      const ours = [...installed]
        .filter(([it]) => !extra.has(it))
        .map(([it, { version }]) => `${it}@${version}`)
      const expected = ['@sock/core', name].map((it) => `${it}@${versions.get(it)}`)
      assert.deepEqual(ours.toSorted(), expected)
    },
  )
  if (name === NATIVE) await checkNative(manager, project, readme, claims)
  await claims.check(`${manager.name}: ${name} serves an echo, imported and required`, async () => {
    assert.equal(await project.program('echo.mjs'), 'hello\n')
    assert.equal(await project.program('echo.cjs'), 'hello\n')
  })
  return project
}

const EXTRA: Record<string, string> = { [NATIVE]: ', and unix-dgram with what that needs' }

/** One run of the compiler for all: it spends most of its time on what they have in common. */
async function compileAndRun(projects: readonly Project[]): Promise<void> {
  const folder = join(projects[0]?.folder ?? '', '../..')
  const config = {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      types: ['node'],
    },
    files: projects.map((project) => join(project.folder, 'typed.mts')),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  await succeed(process.execPath, [compiler, '--project', folder], { cwd: folder, env: process.env })
  for (const project of projects) assert.equal(await project.program('typed.mjs'), 'hello\n', project.folder)
}
