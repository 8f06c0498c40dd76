import { beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, succeed } from '@sock/tools/processes'
import { fetchNode, NODES, OLDEST } from '../../../checks/nodes.mjs'
import { entryPoints } from '../../../checks/repository.mjs'
import { echoProgram } from '../../programs.mjs'
import { inRoot, platformHere } from '../../repository.mjs'
import { createProject, folderOf, scratchFolder, tarballs } from '../support.mjs'

const project = createProject()
const away = scratchFolder()
const UNAVAILABLE = 'ERR_SOCK_NATIVE_UNAVAILABLE'

beforeAll(() => symlinkSync(inRoot('packages/unixgram/node_modules/unix-dgram'), folderOf('unix-dgram')))

// pnpm names its own folder of packages there when it runs a script; a user's system does not.
const { NODE_PATH: _, ...env } = process.env
const runIn = (cwd, file, node = process.execPath) =>
  // Node 22.12 says once per process that it can require ES modules.
  run(node, ['--disable-warning=ExperimentalWarning', file], { cwd, env })

/** The others are 45 MB each: only `npm run test:matrix` fetches them. The oldest of a major says enough. */
const others = process.env['SOCK_MATRIX'] === undefined ? [] : Object.values({ ...NODES, ...OLDEST })
const versions = [...new Set([process.versions.node, ...others])]

it.each(
  versions.flatMap((version) => [
    [version, 'mjs', 'await import'],
    [version, 'cjs', 'require'],
  ]),
)('Node %s loads every entry point, and talks over tcp: %s', async (version, end, load) => {
  const isThis = version === process.versions.node
  const node = isThis ? process.execPath : join(await fetchNode(version), 'bin/node')
  const checks = entryPoints().map(
    ({ name }) => `if (Object.keys(${load}('${name}')).length === 0) throw new Error('${name}')\n`,
  )
  const file = join(project, `${version}.${end}`)
  writeFileSync(file, checks.join('') + echoProgram(['tcp'], { format: end }))
  expect(await runIn(project, file, node)).toEqual({ code: 0, output: 'tcp hello\n' })
})

/** What an application becomes that is bundled into one file, and runs where its packages are, or elsewhere. */
describe.each(['cjs', 'esm'])('a bundle in the format %s', (format) => {
  const nameOf = (engine) => `${engine ? 'native' : 'node'}.${format === 'cjs' ? 'cjs' : 'mjs'}`
  const output = 'tcp hello\nunixgram hello\n'

  beforeAll(async () => {
    for (const engine of [false, true]) {
      const file = join(project, `main-${engine}.mjs`)
      writeFileSync(file, echoProgram(['tcp', 'unixgram'], { engine }))
      await build({
        entryPoints: [file],
        bundle: true,
        platform: 'node',
        format,
        outfile: join(project, nameOf(engine)),
        logLevel: 'error',
        // It is empty in CommonJS, which the packages know.
        logOverride: { 'empty-import-meta': 'silent' },
      })
      copyFileSync(join(project, nameOf(engine)), join(away, nameOf(engine)))
    }
  })

  it('runs, and finds unix-dgram among its packages', async () => {
    expect(await runIn(project, nameOf(false))).toEqual({ code: 0, output })
  })

  it('runs without its packages, and tells at the first use what is missing', async () => {
    expect((await runIn(away, nameOf(false))).output).toMatch(`tcp hello\nunixgram ${UNAVAILABLE} `)
    const native = await runIn(away, nameOf(true))
    expect(native.output).toMatch(new RegExp(`^tcp ${UNAVAILABLE} .+\nunixgram ${UNAVAILABLE} `))
  })

  const nameOfBinary = `@sock/native-${platformHere()}`
  const itBuilt = nameOfBinary in tarballs ? it : it.skip

  itBuilt('finds the native engine among its packages, or beside itself', async () => {
    expect(await runIn(project, nameOf(true))).toEqual({ code: 0, output })
    const beside = join(away, format)
    mkdirSync(beside)
    copyFileSync(join(folderOf(nameOfBinary), 'sock_native.node'), join(beside, 'sock_native.node'))
    copyFileSync(join(away, nameOf(true)), join(beside, nameOf(true)))
    expect(await runIn(beside, nameOf(true))).toEqual({ code: 0, output })
  })
})

it('a transport written outside, as the guide shows it, compiles and passes the suite with node:test', async () => {
  const outside = createProject()
  mkdirSync(join(outside, 'node_modules'))
  // The files that the guide shows whole: blocks like ```json file package.json.
  const guide = readFileSync(inRoot('docs/writing-a-transport.md'), 'utf8')
  for (const [, path, content] of guide.matchAll(/^```\w+ file (\S+)\n([^]*?)^```$/gm)) {
    mkdirSync(dirname(join(outside, path)), { recursive: true })
    writeFileSync(join(outside, path), content)
  }
  cpSync(inRoot('examples/memory/src'), join(outside, 'src'), { recursive: true })
  for (const tool of ['typescript', '@types'])
    symlinkSync(inRoot('node_modules', tool), join(outside, 'node_modules', tool))
  await succeed(process.execPath, [inRoot('node_modules/typescript/bin/tsc')], { cwd: outside })
  const report = await succeed(process.execPath, ['--test', '--test-reporter=tap'], { cwd: outside, env })
  expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(130)
  expect(report).toMatch(/^# fail 0$/m)
})
