import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { useFolder } from '@sock/test-support/scratch'
import { transcribe } from '@sock/tools/transcript'
import { randomBytes } from 'node:crypto'
import { Agent, request, type IncomingMessage } from 'node:http'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { startExample } from './support/program.js'

const scratch = useFolder('example')

describe('http', () => {
  itWith('curl', 'http answers curl --unix-socket', async () => {
    const path = scratch.path('http.sock')
    const program = startExample('http', path)
    await program.address('unix')
    const curl = ['-sS', '--noproxy', '*', '--unix-socket', path]

    const ran = await runTool('curl', [...curl, 'http://localhost/'])
    expect(JSON.parse(ran.stdout)).toEqual({ hello: 'world', pid: program.pid })
    const missing = await runTool('curl', [...curl, '-w', '%{http_code}', 'http://localhost/nothing'])
    expect(missing.stdout).toBe('Not found\n404')
    // One connection for both, since node:http keeps it.
    const two = await runTool('curl', [
      ...curl,
      '-w',
      '%{num_connects}\n',
      'http://localhost/',
      'http://localhost/',
    ])
    expect(two.stdout).toMatch(/^\{.*\}\n1\n\{.*\}\n0\n$/)
    expect((await stat(path)).mode & 0o777).toBe(0o660)
    await program.stop()
  })

  itWith('curl', 'http gives 5 MB back to curl, as they were', async () => {
    const path = scratch.path('http.sock')
    const [input, output] = [scratch.own('in'), scratch.own('out')]
    const sent = randomBytes(5_000_000)
    await writeFile(input, sent)
    const program = startExample('http', path)
    await program.address('unix')
    const args = ['-sS', '--noproxy', '*', '--unix-socket', path, '--data-binary', `@${input}`]
    expect(await runTool('curl', [...args, '-o', output, 'http://localhost/echo'])).toMatchObject({
      code: 0,
      stderr: '',
    })
    expect((await readFile(output)).equals(sent)).toBe(true)
    await program.stop()
  })

  it('http finishes a request under way, and ends a connection that is only kept alive', async () => {
    const path = scratch.path('http.sock')
    const program = startExample('http', path)
    await program.address('unix')
    const agent = new Agent({ keepAlive: true })
    const answerTo = (outgoing: ReturnType<typeof request>): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => outgoing.once('response', resolve).once('error', reject))

    const idle = request({ agent, socketPath: path, path: '/' }).end()
    await transcribe(await answerTo(idle)).ended
    const busy = request({ socketPath: path, path: '/echo', method: 'POST' })
    busy.write('before')
    const heard = transcribe(await answerTo(busy))
    await heard.until(/^before$/)

    const ended = program.stop()
    await program.stdout.until(/^Draining unix .*: 2 open connections$/m)
    busy.end(', after')
    await heard.ended
    expect(heard.text).toBe('before, after')
    await ended
    agent.destroy()
  })
})
