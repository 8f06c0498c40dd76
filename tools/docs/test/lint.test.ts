import { describe, expect, it } from '@jest/globals'
import { lintErrors } from '../src/lint.js'
import { parseDocument, readDocuments } from '../src/markdown.js'
import { snippetsOf } from '../src/type-check.js'

describe('code of the documentation', () => {
  it('is accepted by the strictTypeChecked rules of typescript-eslint, in every ts block', () => {
    expect(lintErrors(readDocuments().flatMap(snippetsOf))).toEqual([])
  })
})

describe('lintErrors()', () => {
  it('lintErrors() says where the mistake stands and what it is', () => {
    const code = `import { createTcpServer } from '@sock/tcp'\nconst server = createTcpServer(() => {})\nserver.shutdown()`
    expect(lintErrors(snippetsOf(parseDocument('x.md', `\`\`\`ts\n${code}\n\`\`\``)))).toEqual([
      expect.stringMatching(
        /^x\.md:1: Promises must be awaited.*no-floating-promises, at: server\.shutdown\(\)\)$/,
      ),
    ])
  })
})
