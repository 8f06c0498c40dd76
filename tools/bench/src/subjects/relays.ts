// Servers that carry everything between their clients and an echo server in C, as a proxy does.
import type { Connection } from '@sock/core'
import type { NativeEngine } from '@sock/native'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { createWorkload } from '../workload.js'
import { listen } from './ours.js'
import { startFloor } from './peers.js'
import { ignore, listenStream } from './raw.js'
import type { IpPlace, Running, Setup } from './subject.js'

/** Starts the echo server, and then the server that carries bytes there. */
async function inFrontOfEcho(setup: Setup, start: (place: IpPlace) => Promise<Running>): Promise<Running> {
  const echo = await startFloor({ ...setup, workload: createWorkload('echo', setup.transport) })
  return start(echo.place as IpPlace)
}

export const startPipes = (setup: Setup): Promise<Running> =>
  inFrontOfEcho(setup, (place) =>
    listenStream(setup, (client) => {
      const backend = connect({ ...place, noDelay: true })
      backend.on('error', ignore)
      client.pipe(backend).pipe(client)
    }),
  )

export const startRelay = (setup: Setup, engine?: NativeEngine): Promise<Running> =>
  inFrontOfEcho(setup, async (place) => {
    const { relay } = await import('@sock/core')
    const { connectTcp } = await import('@sock/tcp')
    const carry = async (client: Connection): Promise<void> =>
      void (await relay(client, await connectTcp(place, { engine, signal: client.signal })))
    return listen(setup, carry, engine)
  })

/** HAProxy with one thread gets a socket that listens: with a port of its own, it would have to be a fixed one. */
export const startHaproxy = (setup: Setup): Promise<Running> =>
  inFrontOfEcho(setup, async ({ host, port: backend }) => {
    const file = `${setup.path}.cfg`
    await writeFile(file, haproxyConfig(`${host}:${backend}`))
    const socket = createServer().listen({ host, port: 0 })
    await once(socket, 'listening')
    const { port } = socket.address() as AddressInfo
    // Node does not document how to get this number.
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
    // It ends with our end of its input.
    const script = 'exec 4<&0; (cat <&4; kill $$) > /dev/null & exec "$0" -db -q -f "$1"'
    const child = spawn('sh', ['-c', script, setup.programs.haproxy as string, file], {
      stdio: ['pipe', 'ignore', 'inherit', fd],
    })
    socket.close()
    return { place: { host, port }, pid: child.pid }
  })

const haproxyConfig = (backend: string): string => `
global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind fd@3
  default_backend echo
backend echo
  server echo ${backend}
`
