import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entryPoints, reports } from '../entry-points.mjs'

/** What an entry point exports, as its report has it: each name, and whether it is `@internal`. */
function exportsOf(report) {
  const text = readFileSync(join(reports, report), 'utf8')
  // A namespace that an entry point makes of a file stands there without `export`.
  const found = /^(?<tags>(?:\/\/ .*\n)*)(?:export (?:[a-z]+ )+|declare namespace )(?<name>\w+)/gm
  return [...text.matchAll(found)].map(({ groups: { tags, name } }) => ({
    name,
    isInternal: tags.includes('@internal'),
  }))
}

const core = entryPoints()
  .map(({ report }) => report)
  .filter((report) => report.startsWith('core.'))

/** How many names an entry point has for others than the packages `@sock/*`. */
const forAuthors = (door) => exportsOf(`core.${door}.api.md`).filter(({ isInternal }) => !isInternal).length

describe('the entry points of core', () => {
  it('have each name once', () => {
    const names = core.flatMap((report) => exportsOf(report).map(({ name }) => name))
    expect(names).toEqual(expect.arrayContaining(['Server', 'check', 'StreamPort', 'DatagramPort', 'Suite']))
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('have nothing @internal for users, nor for their tests', () => {
    for (const report of ['core.api.md', 'core.testing.api.md'])
      expect(exportsOf(report).filter(({ isInternal }) => isInternal)).toEqual([])
  })

  it('have some 35 names at most for the author of a transport, of streams or of datagrams', () => {
    const [any, stream, datagram] = ['transport', 'stream', 'datagram'].map(forAuthors)
    expect([any + stream, any + datagram].every((count) => count > 20 && count <= 35)).toBe(true)
    expect(any + stream + datagram).toBeLessThanOrEqual(45)
  })
})
