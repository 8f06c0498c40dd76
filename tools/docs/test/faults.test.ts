import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readDocuments, root } from '../src/markdown.js'

const page = readDocuments().find(({ path }) => path === 'docs/faults.md')
const rows = page?.sections.flatMap((section) => section.rows) ?? []

/** The ids at the ends of the names of tests, such as `'… is closed (A1, E14)'`, wherever the tests are. */
function idsInTests(): string[] {
  const pattern = String.raw` \([A-H][0-9]+(, [A-H][0-9]+)*\)['"\`]`
  const args = ['grep', '--untracked', '-hoE', pattern, '--', 'packages/*.ts', 'test-support/*.ts']
  const found = execFileSync('git', args, { cwd: root, encoding: 'utf8' })
  return found.match(/[A-H]\d+/g) ?? []
}

describe('docs/faults.md', () => {
  it('has every id once, and leaves no cell empty', () => {
    const ids = rows.map(([id]) => id)
    expect(ids).toEqual([...new Set(ids)])
    expect(rows.filter((row) => row.some((cell) => cell === ''))).toEqual([])
  })

  it('has the id of each fault that a test names, and says of all other faults that they are not covered', () => {
    const covered = rows.filter((row) => row.at(-1) !== 'not covered').map(([id]) => id)
    expect(new Set(idsInTests())).toEqual(new Set(covered))
  })
})
