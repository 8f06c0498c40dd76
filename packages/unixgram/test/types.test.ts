import type {
  Channel,
  Connection,
  StreamFunction,
  DatagramChannel,
  DatagramHandler,
  Handler,
} from '@sock/core'
import { describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { connectUnixgram, createUnixgramServer, type UnixgramServer } from '../src/index.js'

// What is asserted here is asserted by the compiler: `npm run typecheck`.

/** Runs on all transports. */
const anywhere: Handler = async (channel) => {
  for await (const data of channel) await channel.write(data)
}

const onChannels = (channel: Channel): Promise<void> => channel.close()
const onDatagrams = (channel: DatagramChannel): Promise<void> => channel.close()
const onConnections: StreamFunction = (connection) => connection.closeWrite()

describe('createUnixgramServer', () => {
  it('takes handlers of all transports, and its own', () => {
    const servers: UnixgramServer[] = [
      createUnixgramServer(anywhere),
      createUnixgramServer(onChannels),
      createUnixgramServer(onDatagrams),
      createUnixgramServer((channel) => void channel.datagrams()),
      createUnixgramServer({
        data: (channel, data, from, truncated) => channel.write(`${data} ${from} ${truncated}`),
      }),
      createUnixgramServer({
        open: (channel: Channel) => void channel.id,
        close: (_, error) => void error?.message,
      }),
    ]
    expect(servers.map(({ state }) => state)).toEqual(Array(servers.length).fill('idle'))
  })

  it('refuses handlers of connections, in the eyes of the compiler', () => {
    // @ts-expect-error -- a datagram channel has no closeWrite() and the like
    createUnixgramServer(onConnections)
    // @ts-expect-error -- nor is it what this one says it takes
    createUnixgramServer((connection: Connection) => connection.closeWrite())
    // @ts-expect-error -- neither as a callback
    createUnixgramServer({ data: (connection: Connection, chunk: Buffer) => connection.write(chunk) })
    // @ts-expect-error -- a data callback has channel, data, sender and truncated, and no fifth
    const five: DatagramHandler = { data: (_1, _2, _3, _4, _5: number) => undefined }
    expect(five).toBeDefined()
  })

  it('says to whoever gives it a handler of connections what is missing', () => {
    const messages = compile(`
      import type { Connection } from '@sock/core'
      import { createUnixgramServer } from '../src/index.js'
      createUnixgramServer((connection: Connection) => connection.closeWrite())
    `)
    expect(messages).toHaveLength(1)
    expect(messages[0]).toContain(`is not assignable to parameter of type 'DatagramHandler'`)
    expect(messages[0]).toContain(`Type 'DatagramChannel' is missing the following properties from type`)
    // Five names or so, and no page of type parameters.
    expect(messages[0]!.length).toBeLessThan(500)
  })

  it('knows its options and targets, in the eyes of the compiler', () => {
    const misspelt = (): void => {
      // @ts-expect-error -- an option of streams
      createUnixgramServer(anywhere, { idleTimeout: 1 })
      // @ts-expect-error -- a target needs a path
      void createUnixgramServer(anywhere).listen({ mode: 0o600 })
      // @ts-expect-error -- and ports are elsewhere
      void createUnixgramServer(anywhere).listen({ port: 8080 })
      // @ts-expect-error -- a client makes no file that has a mode
      void connectUnixgram({ path: '/run/app.sock', mode: 0o600 })
    }
    expect(misspelt).toThrow(TypeError)
  })
})

/** What the compiler says to a program that stands in this folder. */
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
