import { describe, expect, it } from '@jest/globals'
import { parseDocument, readDocuments } from '../src/markdown.js'
import { brokenCommands, brokenLinks, brokenParts, brokenQuotes } from '../src/references.js'

const documents = readDocuments()

describe('the documentation', () => {
  it('links to files and headings that exist', () => {
    const broken = documents.flatMap((document) =>
      brokenLinks(document, documents).map((link) => `${document.path} → ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('names commands, files and folders that exist', () => {
    expect(documents.flatMap(brokenCommands)).toEqual([])
  })

  it('quotes parts of files word for word', () => {
    expect(documents.flatMap(brokenParts)).toEqual([])
  })

  it('lists every decision in decisions/README.md', () => {
    const files = documents.map(({ path }) => path).filter((path) => /^decisions\/\d/.test(path))
    const listed = documents.find(({ path }) => path === 'decisions/README.md')?.links ?? []
    expect(listed.map((link) => `decisions/${link}`).toSorted()).toEqual(files)
  })

  it('names tests that exist', () => {
    expect(documents.flatMap(brokenQuotes)).toEqual([])
  })

  it('is checked: what is wrong in a document is found', () => {
    // In parts: this file is one that is searched for the name.
    const missing = ['was', 'renamed'].join(' ')
    const document = parseDocument(
      'README.md',
      `# A b
[one](tools/docs/test/references.test.ts) "names tests that exist", [another](tools/docs/test/references.test.ts) "${missing}"

[1](#a-b) [2](#c) [3](package.json) [4](nothing.md) [5](https://example.org) [6](../x)

\`npm run nothing\`, \`npm test\`, \`node examples/dist/dns.js\`, \`node examples/dist/nothing.js\`

\`\`\`sh
npm run test:site -- --force # npm run ignored
cd packages/tcp && npm run test:nothing
cd packages/nothing
\`\`\`

\`\`\`ts part package.json
not there
\`\`\``,
    )
    expect(brokenLinks(document, [document])).toEqual(['#c', 'nothing.md', '../x'])
    expect(brokenCommands(document)).toEqual([
      'README.md npm run test:nothing',
      'README.md cd packages/nothing',
      'README.md npm run nothing',
      'README.md node examples/dist/nothing.js',
    ])
    expect(brokenQuotes(document)).toEqual([
      `README.md tools/docs/test/references.test.ts has no test "${missing}"`,
    ])
    expect(brokenParts(document)).toEqual(['README.md:14 package.json has no such part'])
  })
})
