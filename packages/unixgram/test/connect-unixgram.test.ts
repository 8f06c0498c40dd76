import { expect, it } from '@jest/globals'
import { exchange } from '@sock/core'
import { echo } from '@sock/testing'
import { expectHere } from '@sock/test-support/errors'
import { describeUnixDgram as describe, itWith } from '@sock/test-support/needs'
import { countSockets } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { existsSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { connectUnixgram } from '../src/index.js'
import { engines } from './support/engines.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('connectUnixgram', () => {
  it('connectUnixgram() has a name of its own that others can reach and not find, until it is closed', async () => {
    await scratch.serve()
    const client = await scratch.connect()
    const { path } = client.localAddress as { path: string }
    expect(dirname(dirname(path))).toBe(tmpdir())
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o711)
    expect(statSync(path).mode & 0o777).toBe(0o666)
    await client.close()
    await client.close()
    expect(existsSync(dirname(path))).toBe(false)
  })

  it('connectUnixgram() rejects with the reason of its signal', async () => {
    await scratch.serve()
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(connectUnixgram(scratch.path(), { signal })).rejects.toThrow('too late')
  })

  it('connectUnixgram() leaves nothing in the folder for temporary files, also when it fails or the process exits', async () => {
    await scratch.serve()
    const child = scratch.child(async ({ connectUnixgram: connect, fs, say }, folder) => {
      const codes: unknown[] = []
      const attempt = async (temporary: string, path: string): Promise<void> => {
        process.env['TMPDIR'] = temporary
        await connect(path).catch(({ code }: NodeJS.ErrnoException) => codes.push(code))
      }
      const deep = `${folder}/${'d'.repeat(100)}`
      fs.mkdirSync(deep)
      await attempt(deep, `${folder}/app.sock`)
      fs.rmdirSync(deep)
      await attempt(`${folder}/none`, `${folder}/app.sock`)
      await attempt(folder, `${folder}/none`)
      say([codes, fs.readdirSync(folder)])
      await attempt(folder, `${folder}/app.sock`)
      await attempt(folder, `${folder}/app.sock`)
      say(fs.readdirSync(folder).length)
      process.exit(7)
    }, scratch.folder)
    expect(await child.hear()).toEqual([['ERR_SOCK_PATH_TOO_LONG', 'ENOENT', 'ENOENT'], ['app.sock']])
    expect(await child.hear()).toBe(3)
    expect(await child.exited).toBe('ended with 7')
    expect(scratch.names()).toEqual(['app.sock'])
  })

  it('connectUnixgram() lets the process end by itself once it is closed', async () => {
    await scratch.serve()
    const child = scratch.child(async ({ connectUnixgram: connect }, path) => {
      const client = await connect(path)
      await client.write('x')
      await client.close()
      return process.listenerCount('exit')
    }, scratch.path())
    const listeners = await child.result
    expect(await child.exited).toBeUndefined()
    expect(listeners).toBe(0)
  })

  itWith('python3', 'connectUnixgram() receives from its server only', async () => {
    await scratch.serve()
    const client = await scratch.connect()
    const stranger = scratch.python(STRANGER, String(client.localAddress))
    expect(await stranger.hear()).toBe('EPERM')
    expect(await ask(client, 'mine')).toBe('mine')
  })

  it('write() of a client in another process loses nothing, and keeps the order (D4)', async () => {
    const got: string[] = []
    const { address } = await scratch.serve(async (channel) => {
      for await (const data of channel) got.push(String(data))
    })
    const child = scratch.child(
      async ({ connectUnixgram: connect }, path, count) => {
        const client = await connect(path)
        const sending = Array.from({ length: count }, (_, n) => client.write(String(n)))
        await Promise.all(sending)
        await client.close()
        return 'sent'
      },
      address.path,
      2_000,
    )
    expect(await child.result).toBe('sent')
    await until(() => got.length >= 2_000, 'everything arrives')
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, n) => String(n)))
  })
})

const STRANGER = `
import errno
try:
    s.sendto(b'from a stranger', sys.argv[1])
    say('sent')
except OSError as error: say(errno.errorcode[error.errno])
`

describe('a client whose server has gone', () => {
  itWith(
    'python3',
    'a client whose server has gone gets an error, receives from no other socket, and reaches the successor',
    async () => {
      const { server } = await scratch.serve()
      const client = await scratch.connect()
      expect(await ask(client, 'before')).toBe('before')
      await server.close()
      expect(await rejection(client.write('nobody'))).toMatchObject({ code: 'ECONNREFUSED' })
      expect(await rejection(client.write('nobody'))).toMatchObject({ code: 'ENOENT' })
      const stranger = scratch.python(STRANGER, String(client.localAddress))
      expect(await stranger.hear()).toBe('EPERM')
      await server.listen(scratch.path())
      expect(await ask(client, 'after')).toBe('after')
      const second = scratch.python(STRANGER, String(client.localAddress))
      expect(await second.hear()).toBe('EPERM')
    },
  )

  it('a client whose server has gone finds its successor with the first write', async () => {
    const { server } = await scratch.serve()
    const client = await scratch.connect()
    for (let run = 0; run < 5; run++) {
      expect(await ask(client, `${run}`)).toBe(`${run}`)
      await server.close()
      await server.listen(scratch.path())
    }
  })

  it('a client whose server has gone fails an exchange with ECONNREFUSED', async () => {
    const { server } = await scratch.serve()
    const client = await scratch.connect()
    await server.close()
    await expect(exchange(client, 'x')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringMatching(
        /^Cannot reach ".+": no server is listening there, or it is not a socket/,
      ),
    })
  })
})

for (const { name, options, describe: describeWith } of engines) {
  describeWith(`a client whose own socket file somebody deletes${name}`, () => {
    it('a client whose own socket file somebody deletes gets the same error as others when the server is gone', async () => {
      const { server } = await scratch.serve(echo, options)
      const client = await scratch.connect(scratch.path(), options)
      await server.close()
      rmSync(dirname(String(client.localAddress)), { recursive: true })
      expect(await rejection(client.write('nobody'))).toMatchObject({ code: 'ECONNREFUSED' })
      await server.listen(scratch.path())
      await client.write('after')
    })
  })
}

describe('connectUnixgram', () => {
  it('connectUnixgram() leaves no descriptor, also after 1,000 servers and clients', async () => {
    const before = countSockets()
    const { server } = scratch.server(echo)
    for (let run = 0; run < 250; run++) {
      await server.listen(scratch.path())
      await Promise.all(
        Array.from({ length: 3 }, async () => {
          const client = await connectUnixgram(scratch.path())
          await client.close()
        }),
      )
      await server.close()
    }
    await until(() => countSockets() <= before, 'descriptors are closed')
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`errors at the caller${name}`, () => {
    it('connectUnixgram() to a missing path, a dead socket, or a stream socket rejects with a message that says what to do, at the line of the call (F4, F5)', async () => {
      const missing = await rejection(connectUnixgram(scratch.path(), options))
      const words = 'the socket file does not exist (ENOENT). Start the server, or check the path'
      expectHere(missing, 'ENOENT', `Cannot connect to "${scratch.path()}": ${words}`)
      expect(missing).toMatchObject({ syscall: 'connect', errno: -2, path: scratch.path() })
      await leaveDeadSocket(scratch.own())
      const dead = await rejection(connectUnixgram(scratch.path(), options))
      expectHere(
        dead,
        'ECONNREFUSED',
        `Cannot connect to "${scratch.path()}": no server is listening there, or it is not a socket`,
      )
      await scratch.listenStream(scratch.own('stream'))
      const other = await rejection(connectUnixgram(scratch.path('stream'), options))
      expectHere(
        other,
        'EPROTOTYPE',
        'the socket is of another type (EPROTOTYPE). Use connectUnix for streams',
      )
    })

    it('connectUnixgram() with a wrong option rejects at the line of the call', async () => {
      const unknown = rejection(connectUnixgram(scratch.path(), { ...options, mode: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "mode" in connectUnixgram options')
    })
  })
}
