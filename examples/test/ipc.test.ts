import { describe, expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { useFolder } from '@sock/test-support/scratch'
import { transcribe } from '@sock/tools/transcript'
import { once } from 'node:events'
import { connect } from 'node:net'
import { stat } from 'node:fs/promises'
import { startExample, type Example } from './support/program.js'

const scratch = useFolder('example')

async function serve(): Promise<{ program: Example; path: string }> {
  const path = scratch.path('ipc.sock')
  const program = startExample('ipc', 'serve', path)
  await program.address('unix')
  return { program, path }
}

/** Asks with the example's other half. */
async function ask(path: string, question: string): Promise<unknown> {
  const { ended, stdout, stderr } = startExample('ipc', 'ask', path, question)
  expect(await ended).toBe(0)
  expect(stderr.text).toBe('')
  return JSON.parse(stdout.text)
}

describe('ipc', () => {
  it('ipc answers questions from another process', async () => {
    const { program, path } = await serve()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const answers = await Promise.all([
      ask(path, '{"method":"add","params":[1,2,3]}'),
      ask(path, '{"method":"pid"}'),
    ])
    expect(answers).toEqual([{ result: 6 }, { result: program.pid }])
    await program.stop()
  })

  it('ipc answers with an error what it cannot do', async () => {
    const { program, path } = await serve()
    expect(await ask(path, '{"method":"toString"}')).toEqual({ error: 'Unknown method "toString"' })
    expect(await ask(path, 'not json')).toEqual({ error: expect.stringContaining('JSON') })
    await program.stop()
  })

  it('ipc fails to ask where no server listens', async () => {
    const asking = startExample('ipc', 'ask', scratch.path('none.sock'), '{}')
    expect(await asking.ended).toBe(1)
    expect(asking.stderr.text).toContain('ENOENT')
  })

  it('ipc answers a question that is under way when it is shut down', async () => {
    const { program, path } = await serve()
    const socket = connect({ path, allowHalfOpen: true })
    later(() => socket.destroy())
    const heard = transcribe(socket)
    await once(socket, 'connect')
    socket.write('{"method":"add",')
    const ended = program.stop()
    await program.stdout.until(/^Draining unix .*: 1 open connection$/m)
    socket.end('"params":[20,22]}')
    await heard.ended
    expect(heard.text).toBe('{"result":42}')
    await ended
  })

  itWith('python3', 'ipc answers Python', async () => {
    const { program, path } = await serve()
    const script = `
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.connect(sys.argv[1])
    s.sendall(b'{"method":"add","params":[' + b','.join([b'1'] * 200000) + b']}')
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read())
`
    expect(await runTool('python3', ['-c', script, path])).toEqual({
      code: 0,
      stdout: '{"result":200000}\n',
      stderr: '',
    })
    await program.stop()
  })
})
