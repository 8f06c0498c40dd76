import { beforeAll, expect, it } from '@jest/globals'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { run } from '@sock/tools/processes'
import { inRoot, libraries } from '../../repository.mjs'
import { createProject } from '../support.mjs'

/*
 * The types as users see them: the type tests of each package are compiled against what is packed, also against its
 * declarations (`skipLibCheck` is off). A line below `@ts-expect-error` must not compile.
 */
const project = createProject()
const modules = inRoot('tools/release/node_modules')

/** What users may have of `@types/node`: the oldest that the packages admit, and the newest. */
const NODE_TYPES = ['20.19', '26']

/** TypeScript 5.8 and newer know that CommonJS can require ES modules. */
const COMMON_JS = `
import core = require('@sock/core')
import { createTcpServer } from '@sock/tcp'
export const stopped: Promise<core.ShutdownReport> = createTcpServer(() => {}).shutdown()
// @ts-expect-error -- there is nothing of that name
export const nothing = core.createTcpServer
`

beforeAll(() => {
  for (const version of NODE_TYPES) {
    mkdirSync(join(project, version))
    symlinkSync(realpathSync(join(modules, `types-node-${version}`)), join(project, version, 'node'))
  }
  for (const { name, folder } of [...libraries(), { name: 'examples', folder: 'examples' }])
    writeTypeTests(name, inRoot(folder, 'test'))
  copyFileSync(inRoot('test-support/src/types.ts'), join(project, 'types.ts'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(project, 'common.cts'), COMMON_JS)
})

/** They import what they test by its path in the package, and what all of them share from the tools. */
function writeTypeTests(name, folder) {
  const files = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.test-d.ts'))
  for (const [index, path] of files.entries()) {
    const text = readFileSync(join(folder, path), 'utf8')
      .replaceAll(
        /'(?:\.\.\/)+src\/(\w+)\.js'/g,
        (_, entryPoint) => `'${entryPoint === 'index' ? name : `${name}/${entryPoint}`}'`,
      )
      .replaceAll(`'@sock/test-support/types'`, `'./types.js'`)
    writeFileSync(join(project, `${name.replace(/\W/g, '')}-${index}.ts`), text)
  }
}

async function compile({ typescript, nodeTypes = '20.19', resolution = 'nodenext', lib = [] }) {
  const config = join(project, `${[typescript, nodeTypes, resolution, ...lib].join('-')}.json`)
  const hasCommonJs = resolution === 'nodenext' && typescript !== '5.5'
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    skipLibCheck: false,
    lib: ['es2023', ...lib],
    typeRoots: [nodeTypes],
  }
  const include = ['*.ts', ...(hasCommonJs ? ['*.cts'] : [])]
  writeFileSync(config, JSON.stringify({ compilerOptions, include }))
  const tsc = join(modules, `typescript-${typescript}`, 'bin/tsc')
  return run(process.execPath, [tsc, '--project', config], { cwd: project })
}

const settings = ['5.5', '5.9', '6.0', '7.0'].flatMap((typescript) => [
  { typescript, resolution: 'nodenext' },
  { typescript, resolution: 'bundler' },
  ...(typescript === '5.5' ? [] : [{ typescript, nodeTypes: '26' }]),
])

it.each([...settings, { typescript: '7.0', lib: ['dom'] }])(
  'declarations compile with %j',
  async (options) => {
    expect(await compile(options)).toEqual({ code: 0, output: '' })
  },
)
