import { describe, expect, it } from '@jest/globals'
import { describeUnixDgram, itAsRoot, itWith, NOBODY } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { UnixDgramSocket } from '../src/lib/unix-dgram.js'
import { runProgram } from './support/program.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

/** A folder in which unix-dgram is installed, and what is in it besides its package.json. */
function installed(files: Record<string, string>): URL {
  const folder = scratch.own('project')
  mkdirSync(`${folder}/node_modules/unix-dgram/build/Release`, { recursive: true })
  const all = { 'package.json': '{ "name": "unix-dgram" }', ...files }
  for (const [name, text] of Object.entries(all))
    writeFileSync(`${folder}/node_modules/unix-dgram/${name}`, text)
  return pathToFileURL(`${folder}/index.js`)
}

/** A folder in which this package is installed without unix-dgram, and a program that says a line of JSON. */
function project(program: string): { folder: string; main: (...args: string[]) => unknown } {
  const folder = scratch.own('project')
  const self = `${folder}/node_modules/@sock/unixgram`
  mkdirSync(self, { recursive: true })
  cpSync(`${packageFolder}/package.json`, `${self}/package.json`)
  cpSync(`${packageFolder}/dist`, `${self}/dist`, { recursive: true })
  const core = createRequire(import.meta.url).resolve('@sock/core/package.json')
  symlinkSync(realpathSync(dirname(core)), `${folder}/node_modules/@sock/core`)
  writeFileSync(`${folder}/main.mjs`, program)
  const main = (...args: string[]): unknown => runNode(['main.mjs', ...args], folder)
  return { folder, main }
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly cause: string
}

/** Loads the module from a place where that fails, in a process of its own. @param uid its user, once it can load */
function loadElsewhere(from: string, uid?: number): Failure {
  const program = `
    const { loadUnixDgram } = await import(process.argv[1])
    const [, , from, uid] = process.argv
    if (uid !== undefined) {
      process.setgroups([])
      process.setgid(Number(uid))
      process.setuid(Number(uid))
    }
    try {
      loadUnixDgram(from)
    } catch ({ code, message, cause }) {
      console.log(JSON.stringify({ code, message, cause: cause.code }))
    }`
  const module = new URL('../dist/lib/unix-dgram.js', import.meta.url).href
  const args = [module, from, ...(uid === undefined ? [] : [String(uid)])]
  return runNode(['--input-type=module', '--eval', program, ...args], scratch.folder) as Failure
}

/** Runs Node without NODE_PATH, which package managers set for scripts, and which would lead to the module all the same. */
function runNode(args: readonly string[], cwd: string): unknown {
  const { NODE_PATH: _, ...env } = process.env
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env,
    timeout: 120_000,
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

describe('loadUnixDgram', () => {
  const broken: [string, () => string, string, RegExp][] = [
    [
      'is not installed',
      () => pathToFileURL(scratch.path('index.js')).href,
      'MODULE_NOT_FOUND',
      /is not installed\. /,
    ],
    ['was not built', () => installed({}).href, 'MODULE_NOT_FOUND', /was not built\. /],
    [
      'was built for something else',
      () => installed({ 'build/Release/unix_dgram.node': 'not a library' }).href,
      'ERR_DLOPEN_FAILED',
      /cannot be loaded: .*unix_dgram\.node: .+\. /,
    ],
  ]

  it.each(broken)(
    'loadUnixDgram() says of a module that it %s, and how to build it',
    (_, from, code, reason) => {
      expect(loadElsewhere(from())).toEqual({
        code: 'ERR_SOCK_NATIVE_UNAVAILABLE',
        message: expect.stringMatching(reason),
        cause: code,
      })
      expect(loadElsewhere(from()).message).toMatch(
        /`npm rebuild unix-dgram`.*`npm install unix-dgram`.*`pnpm approve-builds unix-dgram`.*@sock\/native/,
      )
    },
  )

  itAsRoot(
    'loadUnixDgram() names the folder that the user of the process may not enter, not a build',
    async () => {
      const from = installed({ 'build/Release/unix_dgram.node': '' }).href
      const closed = dirname(fileURLToPath(from))
      chmodSync(closed, 0o700)
      const { code, message, cause } = loadElsewhere(from, NOBODY)
      expect([code, cause]).toEqual(['ERR_SOCK_NATIVE_UNAVAILABLE', 'EACCES'])
      expect(message).toContain(`cannot be read: EACCES: permission denied, access '${closed}'. `)
      expect(message).not.toContain('npm')
    },
  )
})

describeUnixDgram('createUnixgramServer', () => {
  itAsRoot(
    'createUnixgramServer() loads unix-dgram, so that a process may change its user before it listens or connects',
    async () => {
      const { folder, main } = project(`
        import { chmodSync, chownSync, mkdirSync } from 'node:fs'
        import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
        const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
        mkdirSync(process.argv[2])
        chownSync(process.argv[2], ${NOBODY}, ${NOBODY})
        process.env.TMPDIR = process.argv[2]
        process.setgroups([])
        process.setgid(${NOBODY})
        process.setuid(${NOBODY})
        const client = await connectUnixgram(await server.listen(process.argv[2] + '/app.sock'))
        await client.write('hello')
        console.log(JSON.stringify(String(await client.read())))
        await client.close()
        await server.shutdown()
      `)
      const installedIn = `${folder}/node_modules/unix-dgram`
      const unixDgram = dirname(createRequire(import.meta.url).resolve('unix-dgram/package.json'))
      cpSync(`${unixDgram}/package.json`, `${installedIn}/package.json`)
      const addon = 'build/Release/unix_dgram.node'
      cpSync(`${unixDgram}/${addon}`, `${installedIn}/${addon}`)
      chmodSync(folder, 0o700)
      expect(main(scratch.own('home'))).toBe('hello')
    },
  )
})

describe('@sock/unixgram without unix-dgram', () => {
  it('@sock/unixgram without unix-dgram can be imported, and rejects when it is used', () => {
    const { main } = project(`
      import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
      import { isSockError } from '@sock/core'
      const server = createUnixgramServer(() => {})
      const told = []
      for (const use of [() => server.listen('./app.sock'), () => connectUnixgram('./app.sock')]) {
        await use().catch((error) => told.push(isSockError(error, 'ERR_SOCK_NATIVE_UNAVAILABLE')))
      }
      console.log(JSON.stringify([told, server.state]))
    `)
    expect(main()).toEqual([[true, true], 'idle'])
  })
})

describeUnixDgram('a worker thread', () => {
  it('a worker thread is refused with ERR_SOCK_UNSUPPORTED, whether or not the main thread has a server (F15)', async () => {
    await scratch.serve()
    const entry = new URL('../dist/index.js', import.meta.url).href
    const program = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(entry)}).then(async ({ createUnixgramServer, connectUnixgram }) => {
        const codes = []
        await createUnixgramServer(() => {}).listen('/tmp/never').catch(({ code }) => codes.push(code))
        await connectUnixgram('/tmp/never').catch(({ code }) => codes.push(code))
        parentPort.postMessage(codes)
      })
    `
    const worker = new Worker(program, { eval: true })
    const codes = await new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    )
    await worker.terminate()
    expect(codes).toEqual(['ERR_SOCK_UNSUPPORTED', 'ERR_SOCK_UNSUPPORTED'])
  })
})

describeUnixDgram('UnixDgramSocket', () => {
  const silent = { received() {}, writable() {}, failed() {}, closed() {} }

  it('UnixDgramSocket.close() twice closes once (F13)', async () => {
    let closed = 0
    const socket = new UnixDgramSocket({ ...silent, closed: () => void (closed += 1) })
    socket.close()
    socket.close()
    await until(() => closed > 0, 'it is closed')
    socket.close()
    await new Promise(setImmediate)
    expect(closed).toBe(1)
  })

  it('UnixDgramSocket.bind() throws the system error by its name (F14)', () => {
    const socket = new UnixDgramSocket(silent)
    expect(() => socket.bind('/nonexistent/app.sock')).toThrow(
      expect.objectContaining({ code: 'ENOENT', errno: -2, syscall: 'bind', path: '/nonexistent/app.sock' }),
    )
    socket.close()
  })

  it('UnixDgramSocket.send() without a peer returns ENOTCONN', () => {
    const socket = new UnixDgramSocket(silent)
    expect(socket.send(Buffer.from('x'))).toMatchObject({ code: 'ENOTCONN' })
    socket.close()
  })

  it('UnixDgramSocket reports nothing after close(), not even earlier datagrams', async () => {
    let received = 0
    const receiver = new UnixDgramSocket({ ...silent, received: () => void (received += 1) })
    receiver.bind(scratch.own())
    const sender = new UnixDgramSocket(silent)
    for (let n = 0; n < 3; n++) expect(sender.sendTo(Buffer.from('x'), scratch.path())).toBeUndefined()
    receiver.close()
    sender.close()
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(received).toBe(0)
  })

  itWith(
    'python3',
    'UnixDgramSocket.close() from within a callback is safe, also when there is room in the same turn (F13)',
    async () => {
      const peer = scratch.python(
        `
s.bind(sys.argv[1])
say('ready')
count = int(hear())
for _ in range(count): s.recv(10)
s.sendto(b'answer', sys.argv[2])
say('sent')
`,
        scratch.own('peer.sock'),
        scratch.own(),
      )
      await peer.hear()
      const child = scratch.child(
        async ({ UnixDgramSocket: Socket, say, fs, until: wait }, path, to) => {
          let closed = false
          const socket = new Socket({
            received: () => socket.close(),
            writable: () => undefined,
            failed: () => undefined,
            closed: () => void (closed = true),
          })
          socket.bind(path)
          socket.connect(to)
          let sent = 0
          while (socket.send(Buffer.from('x')) === undefined) sent += 1
          say(sent)
          // Does not look at its socket until there are both a message and room.
          const inbox = `${path}.go`
          while (!fs.existsSync(inbox));
          await wait(() => closed)
          return 'alive'
        },
        scratch.path(),
        scratch.path('peer.sock'),
      )
      peer.say(await child.hear<number>())
      await peer.hear()
      writeFileSync(scratch.own('app.sock.go'), '')
      expect(await child.result).toBe('alive')
    },
  )
})

describeUnixDgram('createUnixgramServer without descriptors to spare', () => {
  it('listen() without file descriptors to spare rejects with EMFILE, and works again later', async () => {
    const child = scratch.child(async ({ createUnixgramServer, fs }, path) => {
      const open: number[] = []
      const server = createUnixgramServer({ open: () => undefined })
      // Loads what is needed, which takes descriptors too.
      await server.listen(path)
      await server.close()
      try {
        for (;;) open.push(fs.openSync('/dev/null', 'r'))
      } catch {
        // All are taken.
      }
      const code = await server.listen(path).then(
        () => 'listening',
        (error: NodeJS.ErrnoException) => error.code,
      )
      for (const fd of open) fs.closeSync(fd)
      await server.listen(path)
      await server.close()
      return code
    }, scratch.path())
    expect(await child.result).toBe('EMFILE')
  })

  it('the first use without file descriptors to spare rejects with EMFILE, not with what was not built, and works again later', async () => {
    const child = scratch.child(async ({ createUnixgramServer, fs }, path) => {
      const open: number[] = []
      try {
        for (;;) open.push(fs.openSync('/dev/null', 'r'))
      } catch {
        // All are taken, and nothing was loaded yet.
      }
      const server = createUnixgramServer({ open: () => undefined })
      const code = await server.listen(path).then(
        () => 'listening',
        (error: NodeJS.ErrnoException) => error.code,
      )
      for (const fd of open) fs.closeSync(fd)
      await server.listen(path)
      await server.close()
      return code
    }, scratch.path())
    expect(await child.result).toBe('EMFILE')
  })
})

describeUnixDgram('CALLBACKS_ARE_WHOLE', () => {
  it('CALLBACKS_ARE_WHOLE says whether a promise in a callback of the native module goes on before anything else happens', async () => {
    const module = new URL('../dist/lib/unix-dgram.js', import.meta.url).href
    const path = scratch.own('app.sock')
    const seen = await runProgram(
      `
      const { loadUnixDgram, CALLBACKS_ARE_WHOLE } = await import(args[0])
      const native = loadUnixDgram(args[0])
      const { AF_UNIX, SOCK_DGRAM } = native
      const events = []
      const received = () => {
        events.push('message')
        queueMicrotask(() => events.push('promise'))
      }
      native.bind(native.socket(AF_UNIX, SOCK_DGRAM, 0, received, () => {}), args[1])
      const sender = native.socket(AF_UNIX, SOCK_DGRAM, 0, () => {}, () => {})
      native.sendto(sender, Buffer.from('x'), 0, 1, args[1])
      setTimeout(() => {
        done({ CALLBACKS_ARE_WHOLE, events })
        process.exit()
      }, 100)`,
      [module, path],
    )
    const isWhole = Number.parseInt(process.versions.node, 10) <= 24
    expect(seen).toEqual({
      CALLBACKS_ARE_WHOLE: isWhole,
      events: isWhole ? ['message', 'promise'] : ['message'],
    })
  })
})
