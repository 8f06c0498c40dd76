import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Address, ShutdownReport } from '@sock/core'
import { createCertificate, type Certificate } from '@sock/tools/certificate'
import { startChild, type Child } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import { STREAMS, type StreamName } from '@sock/tools/transports'

/** Each with one server per transport, at the same time: 21 servers in all. */
const ROUNDS = 7
const CLIENTS = { ask: 50, busy: 200, idle: 200, stuck: 50 } as const
type Part = keyof typeof CLIENTS
const ANSWER = Buffer.alloc(100_000, 'answer ')
/** In ms, once only the stuck are left. */
const DEADLINE = 100

interface FireServer {
  listen(transport: StreamName, target: string, tls: Certificate | undefined, answerBytes: number): Address
  whenWaiting(part: Part, count: number): void
  block(untilFile: string): void
  release(): void
  limit(timeout: number): void
  report(): ShutdownReport
}

/** What one client sees. */
interface Client {
  readonly connected: Promise<unknown>
  /** What it has read when its input has ended, or has broken, and how. */
  readonly over: Promise<string>
  /** Begins to read. */
  resume(): void
}

const certificate = await createCertificate()
const folder = createFolder('fire')
const children = new Set<Child<FireServer>>()
const sockets = new Set<Socket>()

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await Promise.all([...children].map(({ ended }) => ended))
  children.clear()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
})

afterAll(() => folder.remove())

/** Connects, says what is to become of it, and reads to the end; `stuck` reads nothing before it is told to. */
function createClient(part: Part, address: Address, ca: string | undefined): Client {
  const target =
    address.family === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
  const socket = ca === undefined ? connect(target) : connectTls({ ...target, ca, servername: 'localhost' })
  sockets.add(socket)
  const chunks: Buffer[] = []
  let end = 'end'
  const resume = (): void => void socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
  // Even what only connects, and is not accepted yet, can have its request in the queue.
  socket.write(part)
  if (part === 'stuck') socket.pause()
  else resume()
  socket.on('error', ({ message }) => (end = message))
  const what = (data: Buffer): string =>
    data.equals(ANSWER) ? 'whole answer' : data.length === 0 ? 'nothing' : 'a part'
  return {
    resume,
    connected: new Promise((resolve) => socket.once('connect', resolve)),
    over: new Promise((resolve) =>
      socket.once('close', () => resolve(`${what(Buffer.concat(chunks))}, ${end}`)),
    ),
  }
}

/** What they see: how often each. */
async function outcomes(all: readonly Client[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const seen of await Promise.all(all.map(({ over }) => over))) counts[seen] = (counts[seen] ?? 0) + 1
  return counts
}

async function fire(name: StreamName): Promise<void> {
  const server = startChild<FireServer>(new URL('../support/fire-server.mjs', import.meta.url))
  children.add(server)
  const tls = name === 'tls' ? certificate : undefined
  const target = name === 'unix' ? folder.next() : '127.0.0.1:0'
  const address = await server.call.listen(name, target, tls, ANSWER.length)
  const report = server.call.report()
  const connectAll = (part: Part): Client[] =>
    Array.from({ length: CLIENTS[part] }, () => createClient(part, address, tls?.cert))
  const place = async (part: Part): Promise<Client[]> => {
    const all = connectAll(part)
    await server.call.whenWaiting(part, CLIENTS[part])
    return all
  }
  const busy = await place('busy')
  const idle = await place('idle')
  const stuck = await place('stuck')

  const goOn = folder.next()
  await server.call.block(goOn)
  const queued = connectAll('ask')
  await Promise.all(queued.map(({ connected }) => connected))
  server.kill('SIGTERM')
  writeFileSync(goOn, '')

  // The idle are let go, while the busy are waited for.
  const sawIdle = await outcomes(idle)
  await server.call.release()
  const sawBusy = await outcomes(busy)
  const sawQueued = await outcomes(queued)
  await server.call.limit(DEADLINE)
  const { idle: wereIdle, drained, forced } = await report
  for (const client of stuck) client.resume()
  const sawStuck = Object.keys(await outcomes(stuck))

  expect({ name, sawQueued, sawBusy, sawIdle }).toEqual({
    name,
    sawQueued: { 'whole answer, end': CLIENTS.ask },
    sawBusy: { 'whole answer, end': CLIENTS.busy },
    sawIdle: { 'nothing, end': CLIENTS.idle },
  })
  // What was under way to them may end in the middle, with a reset or not: it is not the whole of what was written.
  expect(sawStuck.every((what) => what.startsWith('a part'))).toBe(true)
  const expected = { idle: CLIENTS.idle, drained: CLIENTS.ask + CLIENTS.busy, forced: CLIENTS.stuck }
  expect({ name, idle: wereIdle, drained, forced }).toEqual({ name, ...expected })
  expect(await server.stop()).toBeUndefined()
}

describe('shutdown()', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'shutdown() under fire serves the queue and the busy, lets the idle go and forces the stuck: round %i of tcp, tls and unix',
    async () => {
      await Promise.all(STREAMS.map(fire))
    },
  )
})
