import { describe, expect, it } from '@jest/globals'
import { unprovenClaims } from '../src/claims.js'
import { parseDocument, readDocuments, root } from '../src/markdown.js'

describe('SECURITY.md', () => {
  it('names for each claim a test that exists', () => {
    const document = readDocuments().find(({ path }) => path === 'SECURITY.md')
    expect(document?.tables.length).toBe(3)
    expect(document && unprovenClaims(document, root)).toEqual([])
  })
})

describe('unprovenClaims()', () => {
  it('unprovenClaims() finds claims without a test, and tests that do not exist', () => {
    const text = [
      '| a | Test |',
      '| - | - |',
      '| nothing | none |',
      '| file | [x](nothing.ts) "it" |',
      '| name | [x](package.json) "no such name" |',
      '| good | [x](package.json) "@sock/repository" |',
    ].join('\n')
    expect(unprovenClaims(parseDocument('x.md', text), root)).toEqual([
      '"nothing" names no test',
      'there is no test "it" in nothing.ts',
      'there is no test "no such name" in package.json',
    ])
  })
})
