import { echo } from '@sock/testing'
import { Program } from '@sock/test-support/programs'
import { useFolder, type Scratch as Folder } from '@sock/test-support/scratch'
import { dirname } from 'node:path'
import {
  connectUnixgram,
  createUnixgramServer,
  type DatagramChannel,
  type DatagramHandler,
  type UnixAddress,
  type UnixgramClientOptions,
  type UnixgramEngine,
  type UnixgramServer,
  type UnixgramServerOptions,
  type UnixTarget,
} from '../../src/index.js'
import { UnixDgramSocket } from '../../src/lib/unix-dgram.js'
import { startsChildren } from './child.js'

export interface Running {
  readonly server: UnixgramServer
  readonly address: UnixAddress
  readonly errors: Error[]
}

/** A folder for one test, and what makes servers, clients and processes that are closed after it. */
export interface Scratch extends Folder {
  server(handler?: DatagramHandler, options?: UnixgramServerOptions): Omit<Running, 'address'>
  serve(
    handler?: DatagramHandler,
    options?: UnixgramServerOptions,
    target?: string | UnixTarget,
  ): Promise<Running>
  connect(
    target?: Parameters<typeof connectUnixgram>[0],
    options?: UnixgramClientOptions,
  ): Promise<DatagramChannel>
  readonly child: ReturnType<typeof startsChildren>
  /** A Python program with a Unix datagram socket `s`; test and program `say` lines to each other. */
  python(program: string, ...args: string[]): Program
  /** A receiver that reads a given number of messages, and returns them. */
  receiver(name?: string): Promise<Program>
}

/**
 * Gives each test a folder of its own, in which nothing may be left, nor any folder that a client has made for its name.
 *
 * @param engine that of servers and clients
 */
export function useScratch(engine?: UnixgramEngine): Scratch {
  const folder = useFolder('unixgram')
  const scratch: Scratch = Object.assign(folder, {
    server(handler: DatagramHandler = echo, options?: UnixgramServerOptions) {
      const server = createUnixgramServer(handler, { engine, ...options })
      const errors: Error[] = []
      server.on('error', (error) => void errors.push(error))
      folder.later(() => server.close())
      return { server, errors }
    },
    async serve(
      handler?: DatagramHandler,
      options?: UnixgramServerOptions,
      target: string | UnixTarget = folder.path(),
    ) {
      const made = scratch.server(handler, options)
      return { ...made, address: await made.server.listen(target) }
    },
    async connect(
      target: Parameters<typeof connectUnixgram>[0] = folder.path(),
      options?: UnixgramClientOptions,
    ) {
      const client = await connectUnixgram(target, { engine, ...options })
      folder.watch(dirname(String(client.localAddress)))
      folder.later(() => client.close())
      return client
    },
    child: startsChildren(engine),
    python: (program: string, ...args: string[]) => new Program('python3', ['-c', PYTHON + program, ...args]),
    async receiver(name = 'receiver.sock') {
      const python = scratch.python(RECEIVER, folder.own(name))
      await python.hear()
      return python
    },
  })
  return scratch
}

const PYTHON = `
import os, socket, sys
def say(what): print(what, flush=True)
def hear(): return sys.stdin.readline().strip()
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
`

const RECEIVER = `
s.bind(sys.argv[1])
say('ready')
while count := hear():
    for _ in range(int(count)): say(s.recv(1000).decode())
`

/** Sends a request, and returns the answer. */
export async function ask(client: DatagramChannel, request: string | Buffer): Promise<string> {
  await client.write(request)
  return String(await client.read())
}

/** Creates a dead datagram socket at `path`. */
export async function leaveDeadSocket(path: string): Promise<void> {
  await new Promise<void>((closed) => {
    const socket = new UnixDgramSocket({ received() {}, writable() {}, failed() {}, closed })
    socket.bind(path)
    socket.close()
  })
}
