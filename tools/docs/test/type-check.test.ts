import { describe, expect, it } from '@jest/globals'
import { parseDocument } from '../src/markdown.js'
import { snippetsOf, typeErrors } from '../src/type-check.js'

const document = parseDocument(
  'x.md',
  [
    'Text',
    '```ts',
    "import { createTcpServer } from '@sock/tcp'",
    'const server = createTcpServer(() => {})',
    '```',
    '```ts more',
    'server.nothing()',
    '```',
    '- ```ts',
    '  const wrong: string = 1',
    '  ```',
  ].join('\n'),
)

describe('typeErrors()', () => {
  it('typeErrors() says where the mistake stands and what it is', () => {
    expect(typeErrors(snippetsOf(document))).toEqual([
      expect.stringMatching(/^x\.md:6: Property 'nothing' does not exist .*\(at: nothing\(\)\)$/),
      expect.stringMatching(/^x\.md:9: Type 'number' is not assignable to type 'string'/),
    ])
  })
})
