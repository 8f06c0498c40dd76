import { beforeAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { installInto, scratchFolder } from './support/tarballs.mjs'

const here = inRoot('tools/release')
const scratch = scratchFolder()

/** What users may have of `@types/node`: the oldest that the packages admit, and the newest. */
const NODE_TYPES = ['20.19', '26']

/** One folder per version of `@types/node`, like a project that has installed it and the packages. */
beforeAll(() => {
  for (const version of NODE_TYPES) {
    const project = join(scratch, version)
    cpSync(join(here, 'packages/consumers'), project, { recursive: true })
    installInto(project)
    mkdirSync(join(project, 'node_modules', '@types'))
    const types = realpathSync(join(here, 'node_modules', `types-node-${version}`))
    symlinkSync(types, join(project, 'node_modules', '@types', 'node'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  }
})

const modules = { nodenext: 'nodenext', bundler: 'esnext' }

/** Compiles the programs of users, as a project with these settings would. Says what the compiler says. */
async function compile({ typescript, nodeTypes, resolution, skipLibCheck, include, lib = ['es2023'] }) {
  const project = join(scratch, nodeTypes)
  const config = join(project, `${[typescript, resolution, skipLibCheck].join('-')}.json`)
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: modules[resolution],
    moduleResolution: resolution,
    skipLibCheck,
    lib,
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, include }))
  const tsc = join(here, 'node_modules', `typescript-${typescript}`, 'bin', 'tsc')
  return run(process.execPath, [tsc, '--project', config], { cwd: project })
}

/** TypeScript 5.8 and newer know that CommonJS can require ES modules; bundlers have no CommonJS of their own. */
const filesFor = (typescript, resolution) =>
  resolution === 'nodenext' && typescript !== '5.5' ? ['*.ts', '*.cts'] : ['*.ts']

const settings = ['5.5', '5.9', '6.0', '7.0'].flatMap((typescript) =>
  ['nodenext', 'bundler'].flatMap((resolution) =>
    [false, true].map((skipLibCheck) => ({ typescript, resolution, skipLibCheck })),
  ),
)

/** TypeScript 7 takes a tenth of the time of the others. */
const quick = {
  typescript: '7.0',
  nodeTypes: '20.19',
  resolution: 'nodenext',
  skipLibCheck: false,
  include: ['*.ts', '*.cts'],
}

describe('declarations', () => {
  it.each(settings)(
    'compile with TypeScript $typescript, $resolution, skipLibCheck $skipLibCheck',
    async ({ typescript, resolution, skipLibCheck }) => {
      const include = filesFor(typescript, resolution)
      const project = { typescript, nodeTypes: '20.19', resolution, skipLibCheck, include }
      expect(await compile(project)).toEqual({ code: 0, output: '' })
    },
  )

  it.each(['5.9', '6.0', '7.0'])(
    'compile with TypeScript %s and the newest @types/node',
    async (typescript) => {
      const include = filesFor(typescript, 'nodenext')
      const newest = { typescript, nodeTypes: '26', resolution: 'nodenext', skipLibCheck: false, include }
      expect(await compile(newest)).toEqual({ code: 0, output: '' })
    },
  )

  it('compile beside the types of browsers', async () => {
    expect(await compile({ ...quick, lib: ['es2023', 'dom'] })).toEqual({ code: 0, output: '' })
  })

  // Each mistake in the programs has its `@ts-expect-error`, which is an error itself as soon as it is none.
  it('do not compile any longer when a declaration has become `any`', async () => {
    const path = join(scratch, '20.19', 'node_modules/@sock/core/dist/lib/channel/channel.d.ts')
    const declarations = readFileSync(path, 'utf8')
    try {
      writeFileSync(path, declarations.replaceAll('Buffer', 'any'))
      const { code, output } = await compile({ ...quick, skipLibCheck: true })
      expect(code).not.toBe(0)
      expect(output).toContain('streams.ts')
    } finally {
      writeFileSync(path, declarations)
    }
  })
})
