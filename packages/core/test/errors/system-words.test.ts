import { describe, expect, it } from '@jest/globals'
import { systemMessage, type Asked } from '../../src/lib/errors/system-words.js'

/** As Node creates them. */
function systemError(code: string, syscall: string, errno?: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno })
}

const asked = { action: 'connect', transport: 'tcp', target: 'localhost:80' } as const satisfies Asked

describe('systemMessage', () => {
  it.each([
    ['listen', 'tcp', ':80', 'EADDRINUSE', 'listen on ":80": the port is in use (EADDRINUSE). Stop'],
    ['listen', 'memory', 'x', 'EADDRINUSE', 'listen on "x": the name is in use (EADDRINUSE). Stop'],
    [
      'listen',
      'unix',
      { path: '/a/b' },
      'ENOENT',
      'listen on "/a/b": the folder does not exist (ENOENT). Create',
    ],
    [
      'connect',
      'unix',
      '/a/b',
      'ENOENT',
      'connect to "/a/b": the socket file does not exist (ENOENT). Start',
    ],
    [
      'connect',
      'udp',
      { port: 9 },
      'ENOTFOUND',
      'connect to ":9": the host name does not exist (ENOTFOUND). Check',
    ],
    [
      'connect',
      'tcp',
      { host: '::1', port: 9 },
      'EMFILE',
      '"[::1]:9": the process has run out of file descriptors',
    ],
    [
      'connect',
      'tcp',
      '127.0.0.1:80',
      'ECONNRESET',
      'connect to "127.0.0.1:80": the server accepted the connection and reset it at once (ECONNRESET). Its handler may',
    ],
    [
      'connect',
      'unix',
      '/a/b',
      'ECONNREFUSED',
      'connect to "/a/b": no server is listening there, or it is not a socket (ECONNREFUSED). Start',
    ],
    ['connect', 'tcp', 7, 'EWHATEVER', 'Cannot connect to "7": it failed (EWHATEVER)'],
  ] as const)(
    'systemMessage() of %s over %s to %j with %s says "%s"',
    (action, transport, target, code, words) => {
      const message = systemMessage(systemError(code, 'connect'), { action, transport, target })
      expect(message).toContain(words)
      expect(message).toMatch(/^Cannot .*[^.]$/)
    },
  )

  it.each([
    ['mkdtemp', 'ENOENT', -2, 'no such file or directory (mkdtemp ENOENT)'],
    ['setsockopt', 'EINVAL', -22, 'invalid argument (setsockopt EINVAL)'],
  ])(
    'systemMessage() names the call %s, which is not about the target, instead of explaining its code',
    (syscall, code, errno, words) => {
      const message = systemMessage(systemError(code, syscall, errno), asked)
      expect(message).toBe(`Cannot connect to "localhost:80": ${words}`)
    },
  )

  it.each(['recvmsg', 'send'])('systemMessage() explains a failed %s of a socket with a peer', (syscall) => {
    const peer = { action: 'reach', transport: 'udp', target: { host: '::1', port: 9 } } as const
    expect(systemMessage(systemError('ECONNREFUSED', syscall, -111), peer)).toBe(
      'Cannot reach "[::1]:9": nothing listens there (ECONNREFUSED). Start the server, or check host and port',
    )
  })

  it('systemMessage() explains a failed mkdtemp of a server, which is about the folder of its target', () => {
    const message = systemMessage(systemError('ENOENT', 'mkdtemp', -2), {
      action: 'listen',
      transport: 'unix',
      target: '/a/b',
    })
    expect(message).toMatch(/^Cannot listen on "\/a\/b": the folder does not exist \(ENOENT\)\. /)
  })

  it('systemMessage() explains a lack of descriptors whatever the call', () => {
    expect(systemMessage(systemError('EMFILE', 'open', -24), asked)).toMatch(
      /^Cannot connect to "localhost:80": the process has run out of file descriptors \(open EMFILE\)\. /,
    )
  })
})
