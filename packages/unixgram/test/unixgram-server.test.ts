import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe } from '@sock/test-support/needs'
import { echo } from '@sock/testing'
import { expectHere } from '@sock/test-support/errors'
import { rejection } from '@sock/test-support/wait'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'
import { engines } from './support/engines.js'
import { ask, useScratch } from './support/scratch.js'

describe('createUnixgramServer', () => {
  const scratch = useScratch()

  it('createUnixgramServer() throws for unknown and wrong options, and for an empty handler', () => {
    expect(() => createUnixgramServer(echo, { backlog: 1 } as object)).toThrow(TypeError)
    expect(() => createUnixgramServer({})).toThrow(TypeError)
    expect(() => createUnixgramServer(echo, { maxQueuedBytes: 0 })).toThrow(RangeError)
  })

  it('createUnixgramServer() for a handler of connections makes the compiler say what is missing', () => {
    const messages = compile(`
      import type { Connection } from '@sock/core'
      import { createUnixgramServer } from '../src/index.js'
      createUnixgramServer((connection: Connection) => connection.closeWrite())
    `)
    expect(messages).toHaveLength(1)
    expect(messages[0]).toContain(`is not assignable to parameter of type 'UnixgramHandler<unknown>'`)
    expect(messages[0]).toContain(
      `Type 'UnixgramChannel<unknown>' is missing the following properties from type`,
    )
    // Short enough to read: five names or so, without type parameters.
    expect(messages[0]!.length).toBeLessThan(500)
  })

  it('configure gets the file descriptor, of servers and of clients', async () => {
    const descriptors: number[] = []
    const configure = (socket: { readonly fd: number }): void => void descriptors.push(socket.fd)
    await scratch.serve(echo, { configure })
    await scratch.connect(scratch.path(), { configure })
    expect(descriptors).toHaveLength(2)
    expect(descriptors.every((fd) => fd > 2)).toBe(true)
  })

  it('createUnixgramServer() leaves nothing when configure throws', async () => {
    const configure = (): never => {
      throw new Error('no')
    }
    const { server } = scratch.server(echo, { configure })
    await expect(server.listen(scratch.path())).rejects.toThrow('no')
    await scratch.serve(echo, {}, scratch.path())
    await expect(scratch.connect(scratch.path(), { configure })).rejects.toThrow('no')
  })

  it('createUnixgramServer() answers more than a thousand senders, one after the other', async () => {
    const { address } = await scratch.serve()
    const churn = async (): Promise<void> => {
      for (let n = 0; n < 300; n++) {
        const client = await connectUnixgram(address)
        expect(await ask(client, `${n}`)).toBe(`${n}`)
        await client.close()
      }
    }
    await Promise.all(Array.from({ length: 4 }, churn))
  })

  it('shutdown() lets a running handler answer, from the name of the server', async () => {
    let finish = (): void => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const { server } = await scratch.serve(async (channel) => {
      const datagram = await channel.receive()
      await datagram?.reply('working')
      await finished
      await datagram?.reply('done')
    })
    const client = await scratch.connect()
    expect(await ask(client, 'x')).toBe('working')
    const stopping = server.shutdown()
    expect(scratch.names()).toEqual(['app.sock'])
    finish()
    expect(String(await client.read())).toBe('done')
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
    expect(scratch.names()).toEqual([])
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`errors at the caller${name}`, () => {
    const scratch = useScratch(options.engine)

    it('listen() in a folder that does not exist rejects with a message that says what to do, at the line of the call', async () => {
      const path = scratch.path('missing/app.sock')
      const error = await rejection(createUnixgramServer(echo, options).listen(path))
      const message = `Cannot listen on "${path}": the folder does not exist (ENOENT). Create it, or choose another path`
      expectHere(error, 'ENOENT', message)
      expect(error).toMatchObject({ message, syscall: 'bind', path })
    })

    it('listen() on a live socket rejects at the line of the call, also in an async function', async () => {
      await scratch.serve()
      const start = async (): Promise<void> => {
        await Promise.resolve()
        await createUnixgramServer(echo, options).listen(scratch.path())
      }
      const words = `Cannot listen on "${scratch.path()}": the socket there is in use`
      expectHere(await rejection(start()), 'ERR_SOCK_PATH_IN_USE', words)
    })

    it('createUnixgramServer() with a part of the target among its options throws that it belongs there', async () => {
      const make = async () => createUnixgramServer(echo, { ...options, mode: 0o600 } as object)
      const message = 'it belongs to the target. Call listen({ path, mode })'
      expectHere(await rejection(make()), 'ERR_INVALID_ARG_VALUE', message)
    })

    it('createUnixgramServer() with a wrong option throws at the line of the call', async () => {
      const make = async () => createUnixgramServer(echo, { ...options, maxQueuedBytes: -1 })
      expectHere(await rejection(make()), 'ERR_OUT_OF_RANGE', 'Invalid "maxQueuedBytes"')
    })
  })
}

/** Returns the compiler's messages about a program in this folder. */
function compile(text: string): string[] {
  const path = fileURLToPath(new URL('compiled.ts', import.meta.url))
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
  }
  const disk = ts.createCompilerHost(options)
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === path || disk.fileExists(name),
    getSourceFile: (name, version) =>
      name === path ? ts.createSourceFile(name, text, version) : disk.getSourceFile(name, version),
  }
  const program = ts.createProgram([path], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
