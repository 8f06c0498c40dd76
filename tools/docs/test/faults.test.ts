import { describe, expect, it } from '@jest/globals'
import { brokenFaults } from '../src/faults.js'
import { parseDocument, readDocuments, type Document } from '../src/markdown.js'

const documents = readDocuments().filter(({ path }) => path.startsWith('docs/faults'))

/** The rows under a heading that begins with this letter. */
function rowsOf(document: Document, letter: string): string[] {
  const tables = document.tables.filter(({ heading }) => heading.startsWith(`${letter}.`))
  return tables.flatMap(({ rows }) => rows.map(([id = '']) => id))
}

describe('tables of faults', () => {
  it.each(documents.map((document) => [document.path, document] as const))(
    '%s names tests that exist, and leaves no cell empty',
    (_path, document) => {
      expect(brokenFaults(document)).toEqual([])
    },
  )

  it.each([
    ['A', 20],
    ['B', 11],
    ['E', 15],
    ['G', 13],
    ['H', 8],
  ])('docs/faults.md has every row of %s', (letter, count) => {
    const document = documents.find(({ path }) => path === 'docs/faults.md') as Document
    const all = Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)
    expect(rowsOf(document, letter)).toEqual(all)
  })
})

describe('brokenFaults()', () => {
  it('brokenFaults() finds tests and files that do not exist, empty cells, and rows that come twice', () => {
    const text = [
      '| Row | Fault | Test | Transports |',
      '| - | - | - | - |',
      '| A1 | x | [does it](../a.ts)<br>[does it not](../a.ts) | tcp |',
      '| A1 | x | [is gone](../b.ts) | tcp |',
      '| A2 | x | | tcp |',
    ].join('\n')
    const read = (path: string) => (path === 'a.ts' ? "it('does it')" : '')
    expect(brokenFaults(parseDocument('docs/x.md', text), read)).toEqual([
      'A1 comes twice',
      'A2 has an empty cell',
      'A1: there is no "does it not" in ../a.ts',
      'A1: there is no "is gone" in ../b.ts',
    ])
  })
})
