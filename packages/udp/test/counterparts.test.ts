import type { DatagramHandler } from '@sock/core'
import { describe, expect } from '@jest/globals'
import { withTool } from '@sock/test-support/needs'
import { Program, runTool, succeed } from '@sock/test-support/programs'
import { bindPeer, dial, serve } from './support/sockets.js'

const withPython = withTool('python3')
const withSocat = withTool('socat')
const withDig = withTool('dig')

const CAPITALS: DatagramHandler = {
  data: (channel, data) => channel.write(data.toString().toUpperCase()),
}

/** Runs a Python program, which has socket and sys imported. @returns its output */
async function python(program: string, ...args: (string | number)[]): Promise<string> {
  const result = await runTool('python3', ['-c', `import socket, sys\n${program}`, ...args.map(String)])
  expect(result).toMatchObject({ code: 0, stderr: '' })
  return result.stdout
}

describe('Python', () => {
  withPython('Python is answered, boundaries and empty datagrams kept', async () => {
    const { address } = await serve(CAPITALS)
    const output = await python(
      `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
for data in (b'one', b'', b'x' * 65507):
    s.sendto(data, ('127.0.0.1', int(sys.argv[1])))
for _ in range(3):
    data, sender = s.recvfrom(70000)
    print(len(data), data[:3].decode(), sender[1])
`,
      address.port,
    )
    expect(output).toBe(['3 ONE', '0 ', '65507 XXX'].map((line) => `${line} ${address.port}\n`).join(''))
  })

  withPython('Python is answered by a dual-stack socket, over IPv4 and IPv6', async () => {
    const { address } = await serve(CAPITALS, {}, ':0')
    const program = `
s = socket.socket(getattr(socket, sys.argv[1]), socket.SOCK_DGRAM)
s.settimeout(5)
s.sendto(b'hello', (sys.argv[2], int(sys.argv[3])))
data, sender = s.recvfrom(100)
print(data.decode(), sender[0])
`
    expect(await python(program, 'AF_INET', '127.0.0.1', address.port)).toBe('HELLO 127.0.0.1\n')
    expect(await python(program, 'AF_INET6', '::1', address.port)).toBe('HELLO ::1\n')
  })

  withPython('Python sees the ttl of our client', async () => {
    const child = new Program('python3', [
      '-u',
      '-c',
      `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
IP_RECVTTL = 12  # Python 3.14 names it
s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
s.bind(('127.0.0.1', 0))
s.settimeout(5)
print(s.getsockname()[1])
data, ancillary, flags, sender = s.recvmsg(100, 100)
print('ttl', int.from_bytes(ancillary[0][2], 'little'))
`,
    ])
    const channel = await dial(`127.0.0.1:${await child.hear()}`, { ttl: 7 })
    await channel.write('x')
    expect(await child.hear()).toBe('ttl 7')
  })

  withPython('20 sockets of Python at once get their own answers', async () => {
    const { address } = await serve(CAPITALS)
    const output = await python(
      `
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
for round in range(20):
    for i, s in enumerate(sockets):
        s.settimeout(5)
        s.sendto(b'%d of %d' % (round, i), ('127.0.0.1', int(sys.argv[1])))
    for i, s in enumerate(sockets):
        assert s.recv(100) == b'%d OF %d' % (round, i)
print('fine')
`,
      address.port,
    )
    expect(output).toBe('fine\n')
  })

  withPython('Python answers our client', async () => {
    const child = new Program('python3', [
      '-u',
      '-c',
      `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.settimeout(5)
print(s.getsockname()[1])
for _ in range(2):
    data, sender = s.recvfrom(100)
    s.sendto(data[::-1], sender)
`,
    ])
    const channel = await dial(`127.0.0.1:${await child.hear()}`)
    for (const [asked, answer] of [
      ['abc', 'cba'],
      ['', ''],
    ] as const) {
      await channel.write(asked)
      expect(String(await channel.read())).toBe(answer)
    }
    expect((await child.ended).code).toBe(0)
  })
})

describe('socat', () => {
  withSocat('socat is answered', async () => {
    const { address } = await serve(CAPITALS)
    const child = new Program('socat', ['-', `UDP4:127.0.0.1:${address.port}`])
    child.say('hello')
    expect(await child.hear()).toBe('HELLO')
    expect(await child.end()).toMatchObject({ code: 0, stdout: 'HELLO\n' })
  })

  withSocat('socat answers our client', async () => {
    const { port, socket } = await bindPeer()
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    socket.close = ((done?: () => void) => done?.()) as never
    void new Program('socat', [`UDP4-RECVFROM:${port},bind=127.0.0.1,fork`, 'EXEC:cat'])
    let answer: Buffer | null | undefined
    const channel = await dial(`127.0.0.1:${port}`)
    // Reads reject with ECONNREFUSED until socat listens.
    while (answer === undefined) {
      void channel.write('hello')
      answer = await channel.read().catch(() => undefined)
    }
    expect(String(answer)).toBe('hello')
  })
})

describe('dig', () => {
  withDig('dig is answered by a small name server', async () => {
    const { address } = await serve({
      data: (channel, query) => {
        const answer = Buffer.from(query)
        // QR, and NXDOMAIN.
        answer[2] = answer[2]! | 0x80
        answer[3] = (answer[3]! & 0xf0) | 3
        return channel.write(answer)
      },
    })
    const args = ['@127.0.0.1', '-p', `${address.port}`, '+tries=1', '+noedns', 'example.test']
    expect(await succeed('dig', args)).toContain('status: NXDOMAIN')
  })
})
