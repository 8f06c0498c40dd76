import { describe, expect, it } from '@jest/globals'
import { brokenCommands } from '../src/commands.js'
import { brokenLinks } from '../src/links.js'
import { parseDocument, readDocuments } from '../src/markdown.js'
import { brokenParts } from '../src/parts.js'

const documents = readDocuments()

describe('references of the documentation', () => {
  it.each(documents.map((document) => [document.path, document] as const))(
    '%s links to what exists',
    (_path, document) => {
      expect(brokenLinks(document, documents)).toEqual([])
    },
  )

  it.each(documents.map((document) => [document.path, document] as const))(
    '%s names commands that exist',
    (_path, document) => {
      expect(brokenCommands(document)).toEqual([])
    },
  )
})

describe('parts of files', () => {
  it('are in these files, word for word', () => {
    expect(documents.flatMap(({ blocks }) => blocks).some(({ role }) => role === 'part')).toBe(true)
    expect(documents.flatMap(brokenParts)).toEqual([])
  })

  it('brokenParts() finds what is not in the file, or in no file', () => {
    const blocks = ['exists', 'missing'].map(
      (name) => `\`\`\`ts part tools/docs/src/parts.ts\n  const ${name}\n\`\`\``,
    )
    const text = [
      blocks[0]?.replace('const exists', 'import { existsSync, readFileSync }'),
      blocks[1],
      '```ts part nothing.ts',
      '```',
      '```ts part',
      '```',
    ].join('\n')
    expect(brokenParts(parseDocument('x.md', text))).toEqual([
      'x.md:4 tools/docs/src/parts.ts has no such part',
      'x.md:7 nothing.ts has no such part',
      'x.md:9 no file has no such part',
    ])
  })
})

describe('brokenLinks()', () => {
  it('brokenLinks() finds files and headings that do not exist', () => {
    const text =
      '# A b\n[1](#a-b) [2](#c) [3](package.json) [4](nothing.md) [5](https://example.org) [6](../x)'
    const document = parseDocument('x.md', text)
    expect(brokenLinks({ ...document, path: 'README.md' }, [{ ...document, path: 'README.md' }])).toEqual([
      '#c',
      'nothing.md',
      '../x',
    ])
  })
})

describe('brokenCommands()', () => {
  it('brokenCommands() finds scripts, files and folders that do not exist', () => {
    const text = [
      '`npm run nothing`, `npm test`',
      '```sh',
      'npm run test:site -- --force # npm run ignored',
      'cd packages/tcp && npm run typecheck',
      'cd packages/tcp && npm run test:site',
      'cd packages/nothing',
      'node tools/nothing.mjs',
      'npm wrong',
      '```',
      '| a |',
      '| - |',
      '| `node examples/dist/dns.js 127.0.0.1:5300` |',
      '| `node examples/dist/nothing.js` |',
    ].join('\n')
    expect(brokenCommands(parseDocument('x.md', text))).toEqual([
      'x.md:2 packages/tcp has no script "test:site"',
      'x.md:2 there is no folder packages/nothing',
      'x.md:2 there is no file tools/nothing.mjs',
      'x.md:2 npm has no command "wrong"',
      'x.md . has no script "nothing"',
      'x.md there is no file examples/dist/nothing.js',
    ])
  })
})
