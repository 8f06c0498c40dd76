import { describe, expect, it } from '@jest/globals'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot, readJson } from '../../../checks/bootstrap/workspace.mjs'
import { libraries } from '../pack.mjs'
import { installInto, scratchFolder, tarballs } from './support/tarballs.mjs'

const scratch = scratchFolder()
installInto(scratch)

/** What publint says about a package that lies unpacked in `folder`, warnings and suggestions included. */
async function lint(folder) {
  const { messages, pkg } = await publint({ pkgDir: folder, pack: false, level: 'suggestion', strict: true })
  return messages.map((message) => formatMessage(message, pkg, { color: false }))
}

describe('publint', () => {
  it.each(Object.keys(tarballs))('has nothing to say about %s', async (name) => {
    expect(await lint(join(scratch, 'node_modules', name))).toEqual([])
  })

  it('finds a door that leads nowhere', async () => {
    const broken = join(scratch, 'no-door')
    cpSync(join(scratch, 'node_modules', '@sock/tcp'), broken, { recursive: true })
    rmSync(join(broken, 'dist', 'index.js'))
    expect(await lint(broken)).toEqual([expect.stringContaining('index.js')])
  })
})

/**
 * What `attw` says about a tarball. Doors without `main` are not for TypeScript's oldest way to resolve (node10). That
 * CommonJS gets an ES module is how it is meant: every Node that `engines` admits can require one.
 */
function attw(path) {
  const program = inRoot('tools/release/node_modules/@arethetypeswrong/cli/dist/index.js')
  const options = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-color', '--no-emoji']
  return run(process.execPath, [program, path, ...options])
}

describe('attw', () => {
  // A package of a binary has no types: only @sock/native loads it.
  it.each(libraries().map(({ manifest }) => manifest.name))('has nothing to say about %s', async (name) => {
    const { code, output } = await attw(tarballs[name])
    expect([code, code === 0 ? '' : output]).toEqual([0, ''])
  })

  it('finds a door without types', async () => {
    const broken = join(scratch, 'no-types')
    cpSync(join(scratch, 'node_modules', '@sock/tcp'), broken, { recursive: true })
    rmSync(join(broken, 'dist', 'index.d.ts'))
    const manifest = readJson(join(broken, 'package.json'))
    writeFileSync(
      join(broken, 'package.json'),
      JSON.stringify({ ...manifest, exports: { '.': './dist/index.js' } }),
    )
    const pack = await run('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: broken })
    expect((await attw(join(broken, pack.output.trim()))).code).toBe(1)
  })
})
