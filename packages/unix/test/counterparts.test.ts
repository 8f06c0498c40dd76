import { describe, expect } from '@jest/globals'
import { itWith } from '@sock/tools/testing/needs'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

/** Runs a program to its end with this input. */
async function run(program: string, args: string[], input: string | Buffer = ''): Promise<Buffer> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  scratch.later(() => child.kill('SIGKILL'))
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
  return Buffer.concat(chunks)
}

/**
 * Node 20 fills abstract names up with NUL bytes to the length of a socket address (libuv 1.46), and is found only by
 * those who do the same.
 */
const isPadded = process.versions.node.startsWith('20.')
const abstractName = (): string => `unix-test-${randomBytes(6).toString('hex')}`

describe('socat', () => {
  itWith('socat', 'socat gets 1 MiB echoed by our server', async () => {
    await scratch.server().listen(scratch.path())
    const sent = randomBytes(1024 * 1024)
    const received = await run('socat', ['-t', '10', '-', `UNIX-CONNECT:${scratch.path()}`], sent)
    expect(received.equals(sent)).toBe(true)
  })

  itWith('socat', 'socat gets an answer from our server by its abstract name', async () => {
    const name = abstractName()
    const address = `ABSTRACT-CONNECT:${name}${isPadded ? ',unix-tightsocklen=0' : ''}`
    await scratch.server().listen(`@${name}`)
    expect(String(await run('socat', ['-t', '10', '-', address], 'hidden'))).toBe('hidden')
  })

  itWith('socat', 'socat answers our client', async () => {
    const path = scratch.path()
    const socat = spawn('socat', ['-d', '-d', `UNIX-LISTEN:${path}`, 'PIPE'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    scratch.later(() => socat.kill('SIGKILL'))
    // socat reports on stderr when it listens.
    for (let said = ''; !said.includes('listening');) said += String((await once(socat.stderr, 'data'))[0])
    const ended = once(socat, 'exit')
    expect(await ask(await scratch.connect(path), 'echoed by a pipe')).toBe('echoed by a pipe')
    await ended
  })
})

const CLIENT = `
import socket, sys
path = sys.argv[1]
if path[0] != '/':
    path = '\\0' + path
    if sys.argv[2] == 'padded':
        path = path.ljust(108, '\\0')
clients = []
for n in range(20):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.connect(path)
    clients.append(s)
for n, s in enumerate(clients):
    s.sendall(b'hello %d' % n)
    s.shutdown(socket.SHUT_WR)
for s in clients:
    answer = b''
    while chunk := s.recv(100):
        answer += chunk
    print(answer.decode())
`

const SERVER = `
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
print('listening', flush=True)
s, _ = listener.accept()
request = b''
while chunk := s.recv(100):
    request += chunk
s.sendall(request.upper())
s.close()
`

describe('Python', () => {
  const answers = Array.from({ length: 20 }, (_, n) => `hello ${n}\n`).join('')

  itWith('python3', 'Python has 20 clients that each get their own answer', async () => {
    await scratch.server().listen(scratch.path())
    expect(String(await run('python3', ['-c', CLIENT, scratch.path()]))).toBe(answers)
  })

  itWith('python3', 'Python has 20 clients of an abstract name', async () => {
    const name = abstractName()
    await scratch.server({ data: (connection, chunk) => connection.write(chunk) }).listen(`@${name}`)
    expect(String(await run('python3', ['-c', CLIENT, name, isPadded ? 'padded' : 'exact']))).toBe(answers)
  })

  itWith('python3', 'Python answers our client after its end of input', async () => {
    const python = spawn('python3', ['-c', SERVER, scratch.own()])
    scratch.later(() => python.kill('SIGKILL'))
    await once(python.stdout, 'data')
    const ended = once(python, 'exit')
    expect(await ask(await scratch.connect(scratch.path()), 'shout')).toBe('SHOUT')
    await ended
  })
})
