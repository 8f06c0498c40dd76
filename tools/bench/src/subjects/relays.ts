// Servers that carry everything between their clients and an echo server in C, as a proxy does.
import type { Connection } from '@sock/core'
import type { NativeEngine } from '@sock/native'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { createWorkload } from '../workload.js'
import { listen } from './ours.js'
import { startFloor } from './peers.js'
import { ignore, listenStream } from './raw.js'
import type { Running, Setup } from './subject.js'

interface Place {
  readonly host: string
  readonly port: number
}

/** Starts the echo server, and then the server that carries bytes there. */
async function inFrontOfEcho(
  setup: Setup,
  start: (place: Place, setup: Setup) => Promise<Running>,
): Promise<Running> {
  const echo = await startFloor({ ...setup, workload: createWorkload('echo', setup.transport) })
  const front = await start(echo.place as Place, setup)
  return {
    ...front,
    async drain() {
      await front.drain()
      await echo.drain()
    },
  }
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

/** HAProxy with one thread gets a socket that listens, prints its process id, and ends with our end of its input. */
export const startHaproxy = (setup: Setup): Promise<Running> =>
  inFrontOfEcho(setup, async ({ host, port }, { path, peers }) => {
    const file = `${path}.cfg`
    await writeFile(file, haproxyConfig(`${host}:${port}`))
    const socket = createServer().listen({ host, port: 0 })
    await once(socket, 'listening')
    // Node does not document how to get this number. HAProxy needs a fixed port otherwise, which others could take.
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
    const place = { host, port: (socket.address() as AddressInfo).port }
    const script = '"$1" -db -q -f "$2" & echo $!; cat > /dev/null; kill $!'
    const child = spawn('sh', ['-c', script, 'sh', peers.haproxy ?? 'haproxy', file], {
      stdio: ['pipe', 'pipe', 'inherit', fd],
    })
    const [pid] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [
      string,
    ]
    socket.close()
    return { place, pid: Number(pid), drain: async () => void child.stdin?.end() }
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
