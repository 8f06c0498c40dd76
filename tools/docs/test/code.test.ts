import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readDocuments, type Document } from '../src/markdown.js'
import { programsOf, runPrograms } from '../src/programs.js'
import { snippetsOf, typeErrors } from '../src/type-check.js'

const documents = readDocuments()
const withOpenssl = spawnSync('openssl', ['version']).error === undefined ? it : it.skip
if (withOpenssl === it.skip) console.warn('openssl is not installed: some documents are not run')

const needsOpenssl = (document: Document): boolean =>
  programsOf(document).some(({ language, code }) => language === 'sh' && code.includes('openssl'))

describe('code of the documentation', () => {
  it('has the types that a user would see, in every ts block', () => {
    const snippets = documents.flatMap(snippetsOf)
    expect(snippets.length).toBeGreaterThan(10)
    expect(typeErrors(snippets)).toEqual([])
  })

  it('has known languages and roles only', () => {
    const known = [
      'ts',
      'ts more',
      'ts run',
      'ts server',
      'ts client',
      'ts part',
      'json file',
      'js file',
      'sh',
      'sh run',
      'sh alone',
      'ini unit',
      'text',
    ]
    const unknown = documents.flatMap(({ path, blocks }) =>
      blocks
        .filter(({ language, role }) => !known.includes(`${language} ${role}`.trim()))
        .map(({ line }) => `${path}:${line}`),
    )
    expect(unknown).toEqual([])
  })

  for (const document of documents.filter((each) => programsOf(each).length > 0)) {
    const run = needsOpenssl(document) ? withOpenssl : it
    run(`runs: ${document.path}`, async () => {
      const places = await runPrograms(document)
      if (document.path !== 'README.md') return
      // The first page shows one server of each kind, and each of them was talked to.
      expect(places.map(({ transport, secure }) => (secure ? 'tls' : transport))).toEqual(
        expect.arrayContaining(['tcp', 'tls', 'udp', 'unix', 'unixgram']),
      )
    })
  }
})
