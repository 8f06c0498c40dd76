import { describe, expect, it } from '@jest/globals'
import { parseDocument } from '../src/markdown.js'
import { runPrograms } from '../src/programs.js'

const fence = (role: string, code: string): string => `\`\`\`${role}\n${code}\n\`\`\`\n`

const server = (handler: string, stop: string): string =>
  fence(
    'ts server',
    `import { createTcpServer } from '@sock/tcp'
const server = createTcpServer(${handler})
server.on('state', (_state, message) => console.log(message))
process.once('SIGTERM', () => ${stop})
await server.listen('127.0.0.1:8080')`,
  )

const ECHO = 'async (c) => { for await (const chunk of c) await c.write(chunk) }'

describe('runPrograms()', () => {
  it('runPrograms() starts servers on ports of their own, and tells clients which', async () => {
    const client = fence(
      'ts client',
      `import { connectTcp } from '@sock/tcp'
const connection = await connectTcp('127.0.0.1:8080')
await connection.write('x')
if (String(await connection.read()) !== 'x') throw new Error('no echo')
await connection.close()`,
    )
    const places = await runPrograms(parseDocument('x.md', server(ECHO, 'server.shutdown()') + client))
    expect(places).toEqual([
      { transport: 'tcp', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), secure: false },
    ])
    expect(places[0]?.address).not.toMatch(/:8080$/)
  })

  it('runPrograms() rejects for a server that does not echo', async () => {
    const text = server("(c) => c.write('bye!!')", 'server.shutdown()')
    await expect(runPrograms(parseDocument('x.md', text))).rejects.toThrow(
      'x.md:1 answered "hello" with "bye!!"',
    )
  })

  it('runPrograms() rejects for a server that does not end in good order', async () => {
    const text = server(ECHO, 'process.exit(3)')
    await expect(runPrograms(parseDocument('x.md', text))).rejects.toThrow('ended with 3')
  })

  it('runPrograms() rejects for a program that fails, and shows what it printed', async () => {
    const text = fence('ts run', "console.log('so far')\nthrow new Error('so bad')")
    await expect(runPrograms(parseDocument('x.md', text))).rejects.toThrow(
      /x\.md:1 ended with 1:\nso far[^]*so bad/,
    )
  })

  it('runPrograms() runs shell lines in the folder of the programs', async () => {
    const text =
      fence('sh run', 'echo 1 > made') +
      fence('ts run', "import { readFileSync } from 'node:fs'\nreadFileSync('made')")
    await expect(runPrograms(parseDocument('x.md', text))).resolves.toEqual([])
    await expect(runPrograms(parseDocument('x.md', fence('sh run', 'false')))).rejects.toThrow('ended with 1')
  })
})
