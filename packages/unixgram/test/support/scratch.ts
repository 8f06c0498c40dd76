import { afterEach, beforeEach } from '@jest/globals'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { types } from 'node:util'
import {
  connectUnixgram,
  createUnixgramServer,
  type DatagramChannel,
  type DatagramHandler,
  type UnixAddress,
  type UnixgramClientOptions,
  type UnixgramServer,
  type UnixgramServerOptions,
  type UnixTarget,
} from '../../src/index.js'
import { UnixDgramSocket } from '../../src/lib/unix-dgram.js'
import { startChild, type Child, type Task } from './child.js'
import { Python } from './python.js'
import { until } from './until.js'
import type { UnixgramEngine } from '../../src/index.js'

/**
 * Gives each test a folder of its own, and looks after it that nothing is left: everything that was made by way of the
 * scratch is closed, and then nothing may be in the folder, no client's folder exist, and no descriptor be open.
 *
 * @param engine that of servers and clients
 */
export function useScratch(engine?: UnixgramEngine): Scratch {
  const scratch = new Scratch(engine)
  beforeEach(() => scratch.open())
  afterEach(() => scratch.close())
  return scratch
}

export interface Running {
  readonly server: UnixgramServer
  readonly address: UnixAddress
  readonly errors: Error[]
}

export class Scratch {
  folder = ''
  /** Folders that clients have made for their names. */
  #clientFolders: string[] = []
  #descriptors = 0
  #closers: (() => unknown)[] = []
  #own = new Set<string>()
  readonly #engine: UnixgramEngine | undefined
  readonly #failures: unknown[] = []
  readonly #note = (error: unknown): void => void this.#failures.push(error)

  constructor(engine?: UnixgramEngine) {
    this.#engine = engine
  }

  open(): void {
    this.folder = mkdtempSync(join(tmpdir(), 'unixgram-'))
    // Other users may look, as they may in most folders.
    chmodSync(this.folder, 0o755)
    this.#clientFolders = []
    this.#own = new Set()
    this.#descriptors = countSockets()
    process.on('unhandledRejection', this.#note).on('uncaughtException', this.#note)
  }

  async close(): Promise<void> {
    try {
      for (const close of this.#closers.splice(0).toReversed()) await close()
      const names = this.names().filter((name) => !this.#own.has(name))
      const left = [...names, ...this.#clientFolders.filter((folder) => existsSync(folder))]
      if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`)
      await until(() => countSockets() <= this.#descriptors, 'descriptors are closed')
      if (this.#failures.length > 0) throw this.#failures.splice(0)[0] as Error
    } finally {
      process.off('unhandledRejection', this.#note).off('uncaughtException', this.#note)
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  /** The path of a name in the folder. */
  path(name = 'app.sock'): string {
    return join(this.folder, name)
  }

  /** What is in the folder. */
  names(): string[] {
    return readdirSync(this.folder).toSorted()
  }

  /** The path of something that the test makes itself, and that may be left at its end. */
  own(name = 'app.sock'): string {
    this.#own.add(name)
    return this.path(name)
  }

  later(close: () => unknown): void {
    this.#closers.push(close)
  }

  server(handler: DatagramHandler = echo, options?: UnixgramServerOptions): Omit<Running, 'address'> {
    const server = createUnixgramServer(handler, { engine: this.#engine, ...options })
    const errors: Error[] = []
    server.on('error', (error) => void errors.push(error))
    this.later(() => server.close())
    return { server, errors }
  }

  async serve(
    handler: DatagramHandler = echo,
    options?: UnixgramServerOptions,
    target: string | UnixTarget = this.path(),
  ): Promise<Running> {
    const made = this.server(handler, options)
    return { ...made, address: await made.server.listen(target) }
  }

  async connect(
    target: Parameters<typeof connectUnixgram>[0] = this.path(),
    options?: UnixgramClientOptions,
  ): Promise<DatagramChannel> {
    const client = await connectUnixgram(target, { engine: this.#engine, ...options })
    this.#clientFolders.push(dirname(String(client.localAddress)))
    this.later(() => client.close())
    return client
  }

  child<Args extends unknown[], Result>(task: Task<Args, Result>, ...args: Args): Child<Result> {
    const child = startChild(this.#engine, task, ...args)
    this.later(() => child.kill())
    return child
  }

  python(program: string, ...args: string[]): Python {
    const python = new Python(program, args)
    this.later(() => python.kill())
    return python
  }

  /** A receiver that takes as many messages as it is told to, and tells what it took. */
  async receiver(name = 'receiver.sock'): Promise<Python> {
    const python = this.python(RECEIVER, this.own(name))
    await python.hear()
    return python
  }
}

const RECEIVER = `
s.bind(sys.argv[1])
say('ready')
while count := hear():
    for _ in range(int(count)): say(s.recv(1000).decode())
`

export const echo: DatagramHandler = async (channel) => {
  for await (const data of channel) await channel.write(data)
}

/** Sends a request, and returns the answer. */
export async function ask(client: DatagramChannel, request: string | Buffer): Promise<string> {
  await client.write(request)
  return String(await client.read())
}

/** Puts a datagram socket at `path` that nobody has bound any more. */
export async function leaveDeadSocket(path: string): Promise<void> {
  await new Promise<void>((closed) => {
    const socket = new UnixDgramSocket({ received() {}, writable() {}, failed() {}, closed })
    socket.bind(path)
    socket.close()
  })
}

/** Puts a stream socket at `path` that somebody listens on. */
export async function listenStream(scratch: Scratch, path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  scratch.later(() => new Promise((resolve) => server.close(resolve)))
}

/** The error of something that has to fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const result = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  // Node's own errors are made outside of the realm that jest makes for a test.
  if (!types.isNativeError(result)) throw new Error('Expected a failure')
  return result
}

export function countSockets(): number {
  if (process.platform !== 'linux') return 0
  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The descriptor that lists the others is closed by now.
      return false
    }
  }
  return readdirSync('/proc/self/fd').filter(isSocket).length
}
