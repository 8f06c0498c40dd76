import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareTrees, readTree } from '../tree.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-tree-'))
const write = (name, text) => writeFileSync(join(folder, name), text)
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  for (const name of ['kept', 'edited', 'removed']) write(name, 'before')
  write('.gitignore', 'ignored\n')
  execFileSync('git', ['add', '--all'], { cwd: folder })
  symlinkSync('nowhere', join(folder, 'link'))
})

describe('compareTrees()', () => {
  it('compareTrees() finds nothing where nothing happened, whatever is not committed', () => {
    write('kept', 'changes of my own')
    write('new', 'a file of my own')
    expect(compareTrees(readTree(folder), readTree(folder))).toEqual([])
  })

  it('compareTrees() finds what was changed, removed or left behind, and lets ignored files be', () => {
    const before = readTree(folder)
    write('edited', 'after')
    write('left', '')
    write('ignored', '')
    rmSync(join(folder, 'removed'))
    rmSync(join(folder, 'link'))
    symlinkSync('elsewhere', join(folder, 'link'))
    expect(compareTrees(before, readTree(folder))).toEqual([
      'edited: changed',
      'left: appeared',
      'link: changed',
      'removed: disappeared',
    ])
  })
})
