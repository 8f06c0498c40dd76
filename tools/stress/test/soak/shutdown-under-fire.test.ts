import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Address, ShutdownReport } from '@sock/core'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCertificates, type Certificate } from '../../src/soak/certificates.js'
import { STREAMS, type StreamName } from '../../src/soak/transports.js'
import { createClient, type Client, type Part, type Target } from './support/fire-clients.js'

/** Each with one server per transport, at the same time: 21 servers in all. */
const ROUNDS = 7
const CLIENTS: Readonly<Record<Part, number>> = { ask: 50, busy: 200, idle: 200, stuck: 50 }
const ANSWER_BYTES = 100_000
const ANSWER = Buffer.alloc(ANSWER_BYTES, 'answer ')
/** Against hanging only. */
const LIMIT = 300_000
/** In ms, once only the stuck are left. */
const DEADLINE = 100

let folder: string
let certificate: Certificate
const children = new Set<ChildProcess>()
const clients = new Set<Client>()

beforeAll(async () => {
  certificate = (await createCertificates())[0] as Certificate
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soak-test-'))
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const client of clients) client.destroy()
  clients.clear()
  await rm(folder, { recursive: true })
})

/** What the child says. */
interface Message {
  readonly address?: Address
  readonly waiting?: Record<Part, number>
  readonly isBlocked?: true
  readonly report?: ShutdownReport
}

/** A server in a process of its own. */
interface Server {
  readonly target: Target
  readonly report: Promise<ShutdownReport>
  readonly exit: Promise<unknown[]>
  /** Resolves when so many clients are in their place. */
  whenWaiting(part: Part, count: number): Promise<void>
  /** Stops the event loop until the file is there. Resolves when it stands still, or is about to. */
  block(untilFile: string): Promise<void>
  release(): void
  setDeadline(ms: number): void
  terminate(): void
}

async function startServer(name: StreamName): Promise<Server> {
  const child = fork(fileURLToPath(new URL('./support/fire-server.mjs', import.meta.url)), { execArgv: [] })
  children.add(child)
  const exit = once(child, 'exit')
  // What it said before it ended may still be on its way when it has.
  const end = Promise.all([exit, once(child, 'disconnect')])
  const until = <T>(pick: (message: Message) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      child.on('message', function look(message: Message) {
        const picked = pick(message)
        if (picked === undefined) return
        child.off('message', look)
        resolve(picked)
      })
      void end.then(([[code, signal]]) => reject(new Error(`Server of ${name} has ended: ${code ?? signal}`)))
    })
  const addressed = until(({ address }) => address)
  const tls = name === 'tls' ? certificate : undefined
  child.send({
    transport: name,
    target: name === 'unix' ? join(folder, 'fire.sock') : '127.0.0.1:0',
    tls,
    answerBytes: ANSWER_BYTES,
  })
  const address = (await addressed) as Target['address']
  const report = until((message) => message.report)
  return {
    target: { address, ca: tls?.cert },
    report,
    exit,
    whenWaiting: async (part, count) => {
      await until(({ waiting }) => (waiting?.[part] === count ? true : undefined))
    },
    block: async (blockUntil) => {
      const blocked = until(({ isBlocked }) => isBlocked)
      child.send({ blockUntil })
      await blocked
    },
    release: () => void child.send({ isReleased: true }),
    setDeadline: (deadline) => void child.send({ deadline }),
    terminate: () => void child.kill('SIGTERM'),
  }
}

function connectAll(part: Part, target: Target): Client[] {
  const all = Array.from({ length: CLIENTS[part] }, () => createClient(part, target))
  for (const client of all) clients.add(client)
  return all
}

/** Connects clients that the handler puts in their place. */
async function place(part: Part, server: Server): Promise<Client[]> {
  const placed = server.whenWaiting(part, CLIENTS[part])
  const all = connectAll(part, server.target)
  await placed
  return all
}

/** What they see: how often each. */
async function outcomes(all: readonly Client[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { data, error } of await Promise.all(all.map(({ over }) => over))) {
    const what = data.equals(ANSWER) ? 'whole answer' : data.length === 0 ? 'nothing' : 'a part'
    const end = error === undefined ? 'end' : ((error as NodeJS.ErrnoException).code ?? error.message)
    counts[`${what}, ${end}`] = (counts[`${what}, ${end}`] ?? 0) + 1
  }
  return counts
}

async function fire(name: StreamName): Promise<void> {
  const server = await startServer(name)
  const busy = await place('busy', server)
  const idle = await place('idle', server)
  const stuck = await place('stuck', server)

  const goOn = join(folder, `${name}.go-on`)
  await server.block(goOn)
  const queued = connectAll('ask', server.target)
  await Promise.all(queued.map(({ connected }) => connected))
  server.terminate()
  await writeFile(goOn, '')

  // The idle are let go, while the busy are waited for.
  const sawIdle = await outcomes(idle)
  server.release()
  const sawBusy = await outcomes(busy)
  const sawQueued = await outcomes(queued)
  server.setDeadline(DEADLINE)
  const report = await server.report
  for (const client of stuck) client.resume()
  const sawStuck = Object.entries(await outcomes(stuck))

  expect({ name, sawQueued, sawBusy, sawIdle }).toEqual({
    name,
    sawQueued: { 'whole answer, end': CLIENTS.ask },
    sawBusy: { 'whole answer, end': CLIENTS.busy },
    sawIdle: { 'nothing, end': CLIENTS.idle },
  })
  // What was under way to them may end in the middle, with a reset or not: it is not the whole of what was written.
  expect(sawStuck.every(([what]) => what.startsWith('a part'))).toBe(true)
  expect({ name, ...report }).toEqual({
    name,
    idle: CLIENTS.idle,
    drained: CLIENTS.ask + CLIENTS.busy,
    forced: CLIENTS.stuck,
  })
  expect(await server.exit).toEqual([0, null])
}

describe('shutdown()', () => {
  it.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'shutdown() under fire serves the queue and the busy, lets the idle go and forces the stuck: round %i of tcp, tls and unix',
    async () => {
      await Promise.all(STREAMS.map(fire))
    },
    LIMIT,
  )
})
