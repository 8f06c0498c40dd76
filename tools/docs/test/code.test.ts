import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withFolder } from '@sock/tools/folder'
import { run } from '@sock/tools/processes'
import { itUnixDgram, itWith, withTool } from '@sock/test-support/needs'
import { parseDocument, readDocuments, root, type Block, type Document } from '../src/markdown.js'
import { programsOf, runPrograms } from '../src/programs.js'
import { errorsIn, snippetsOf } from '../src/snippets.js'

const documents = readDocuments()
const blocks = documents.flatMap((document) => document.blocks)

const withOpenssl = withTool('openssl')

/** The examples in the comments of the packages' sources. */
function examples(): Block[] {
  return readdirSync(`${root}packages`, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[a-z]+\/src\/.*\.ts$/.test(path))
    .flatMap((path) => {
      const comments = readFileSync(`${root}packages/${path}`, 'utf8').replace(/^ *\* ?/gm, '')
      return comments.includes('@example') ? parseDocument(`packages/${path}`, comments).blocks : []
    })
}

describe('code of the documentation', () => {
  it('has the types that a user would see, and follows the strictTypeChecked rules of typescript-eslint, in every ts block and in every file that a document quotes', async () => {
    const snippets = snippetsOf([...blocks, ...examples()])
    expect(snippets.length).toBeGreaterThan(40)
    const quoted = new Set(blocks.filter(({ role }) => role === 'part').map(({ file }) => file))
    expect(quoted.size).toBeGreaterThan(5)
    const files = [...quoted].map((where) => ({ where, path: root + where }))
    const readable = files.map((file) => ({ ...file, code: readFileSync(file.path, 'utf8') }))
    expect(await errorsIn([...snippets, ...readable])).toEqual([])
  })

  it('has known languages and roles only', () => {
    const known = /^(ts( more| run| server| client| part)?|(json|js) file|js|sh( run| alone)?|ini unit|text)$/
    const unknown = blocks.filter(({ language, role }) => !known.test(`${language} ${role}`.trim()))
    expect(unknown).toEqual([])
  })

  itWith('systemd-analyze', 'has units that systemd accepts', async () => {
    for (const { where, code } of blocks.filter(({ role }) => role === 'unit')) {
      await withFolder('unit', async ({ path }) => {
        writeFileSync(join(path, 'example.service'), code)
        const verify = ['verify', '--man=no', join(path, 'example.service')]
        // It also reads the units of this machine, and may complain about them.
        const lines = (await run('systemd-analyze', verify)).output.split('\n')
        expect([where, ...lines.filter((line) => line.includes('example.service'))]).toEqual([where])
      })
    }
  })

  const needsOpenssl = (document: Document): boolean =>
    programsOf(document).some(({ language, code }) => language === 'sh' && code.includes('openssl'))
  const needsUnixDgram = (document: Document): boolean =>
    programsOf(document).some(({ code }) => code.includes("from '@sock/unixgram'"))
  for (const document of documents.filter((each) => programsOf(each).length > 0)) {
    const runs = needsOpenssl(document) ? withOpenssl : needsUnixDgram(document) ? itUnixDgram : it
    runs(`runs: ${document.path}`, async () => {
      const places = await runPrograms(document)
      if (document.path !== 'docs/transports.md') return
      // This page shows one server of each transport, and each has answered.
      expect(places.map(({ transport }) => transport).toSorted()).toEqual(['tcp', 'udp', 'unix', 'unixgram'])
    })
  }
})

describe('code that is wrong', () => {
  const inFences = (...parts: string[]): Document =>
    parseDocument('x.md', parts.map((part) => `\`\`\`${part}\n\`\`\``).join('\n'))
  const code =
    "import { createTcpServer } from '@sock/tcp'\nconst server = createTcpServer((c) => c.write('bye'))"

  it('is found by the compiler and by the linter, which say where it stands', async () => {
    const document = inFences(`ts\n${code}`, 'ts more\nserver.nothing()', `ts\n${code}\nserver.shutdown()`)
    const errors = await errorsIn(snippetsOf(document.blocks))
    expect(errors).toContainEqual(expect.stringMatching(/^x\.md:5: .*Property 'nothing' does not/))
    expect(errors).toContainEqual(expect.stringMatching(/^x\.md:8: Promises must be awaited/))
  })

  const silent = "server.on('state', (_, text) => console.log(text))\nawait server.listen('127.0.0.1:8080')"
  it.each([
    ['a server that does not echo', `ts server\n${code}\n${silent}`, /x\.md:1 answered "hello" with "bye"/],
    ['a program that fails', "ts run\nthrow new Error('so bad')", /x\.md:1 [^]*so bad/],
    ['a shell line that fails', 'sh run\nfalse', /x\.md:1 .* ended with 1/],
  ])('is found when it runs: %s', async (_what, block, message) => {
    await expect(runPrograms(inFences(block))).rejects.toThrow(message)
  })
})
