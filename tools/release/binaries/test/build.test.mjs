import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sources } from '../../../../packages/native/compile.mjs'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { isFresh, TARGETS } from '../targets.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('isFresh()', () => {
  const file = join(folder, 'sock_native.node')

  it('isFresh() is false for a binary that is not there', () => expect(isFresh(file)).toBe(false))

  it('isFresh() is true for a binary that is younger than its sources, and false for an older one', () => {
    writeFileSync(file, '')
    const [source] = sources.map((path) => statSync(path).mtimeMs / 1_000).toSorted((a, b) => b - a)
    utimesSync(file, source - 1, source - 1)
    expect(isFresh(file)).toBe(false)
    const later = Date.now() / 1_000 + 1
    utimesSync(file, later, later)
    expect(isFresh(file)).toBe(true)
  })
})

it.each(Object.keys(TARGETS))('build says in one sentence what it lacks: %s', async (name) => {
  const nowhere = { ...process.env, PATH: folder }
  const program = inRoot('tools/release/binaries/main.mjs')
  const { code, output } = await run(process.execPath, [program, 'build', name], { env: nowhere })
  expect(code).toBe(1)
  expect(output).toMatch(
    new RegExp(
      `^Cannot build ${name}: there is no \\S+-gcc with its headers, which Debian's packages .+ bring\n$`,
    ),
  )
})
