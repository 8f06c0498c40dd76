import { describe, expect } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { Program, succeed } from '@sock/test-support/programs'
import { randomBytes } from 'node:crypto'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

/**
 * Node 20 fills abstract names up with NUL bytes to the length of a socket address (libuv 1.46), and is found only by
 * those who do the same.
 */
const isPadded = process.versions.node.startsWith('20.')
const abstractName = (): string => `unix-test-${randomBytes(6).toString('hex')}`

describe('socat', () => {
  itWith('socat', 'socat gets 1 MiB echoed by our server', async () => {
    await scratch.server().listen(scratch.path())
    const sent = randomBytes(1024 * 1024).toString('base64')
    const received = await succeed('socat', ['-t', '10', '-', `UNIX-CONNECT:${scratch.path()}`], sent)
    expect(received === sent).toBe(true)
  })

  itWith('socat', 'socat gets an answer from our server by its abstract name', async () => {
    const name = abstractName()
    const address = `ABSTRACT-CONNECT:${name}${isPadded ? ',unix-tightsocklen=0' : ''}`
    await scratch.server().listen(`@${name}`)
    expect(await succeed('socat', ['-t', '10', '-', address], 'hidden')).toBe('hidden')
  })

  itWith('socat', 'socat answers our client', async () => {
    const path = scratch.path()
    const socat = new Program('socat', ['-d', '-d', `UNIX-LISTEN:${path}`, 'PIPE'])
    await socat.stderr.until(/listening/)
    expect(await ask(await scratch.connect(path), 'echoed by a pipe')).toBe('echoed by a pipe')
    await socat.ended
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
    expect(await succeed('python3', ['-c', CLIENT, scratch.path()])).toBe(answers)
  })

  itWith('python3', 'Python has 20 clients of an abstract name', async () => {
    const name = abstractName()
    await scratch.server({ data: (connection, chunk) => connection.write(chunk) }).listen(`@${name}`)
    expect(await succeed('python3', ['-c', CLIENT, name, isPadded ? 'padded' : 'exact'])).toBe(answers)
  })

  itWith('python3', 'Python answers our client after its end of input', async () => {
    const python = new Program('python3', ['-c', SERVER, scratch.own()])
    await python.hear()
    expect(await ask(await scratch.connect(scratch.path()), 'shout')).toBe('SHOUT')
    await python.ended
  })
})
