import { isExpectedClose, isSockError, type Handler, type ShutdownReport } from '@sock/core'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificate } from './certificate.js'
import { exchangeAll } from './once.js'
import { parseOptions } from './options.js'
import { createServers, type Served } from './servers.js'

/** Sends back what comes. The same function serves every transport. */
const echo: Handler = async (channel) => {
  for await (const message of channel) await channel.write(message)
}

/**
 * The whole program, from the arguments of the command line to the exit code.
 *
 * @param handler what is served; the tests hand in one that loses or changes bytes
 */
export async function run(args: readonly string[], handler: Handler = echo): Promise<number> {
  const options = parseOptions(args)
  if (typeof options === 'number') return options
  const stop = listenForStop()
  const folder = await mkdtemp(join(tmpdir(), 'sock-demo-'))
  const { path = join(folder, 'echo.sock'), datagramPath = join(folder, 'datagrams.sock') } = options
  const certificate = await createCertificate(folder)
  const servers = createServers(handler, { ...options, path, datagramPath, certificate })
  try {
    for (const served of servers) {
      if (!(await start(served))) return 1
    }
    const isGood =
      options.once === true ? await runOnce(servers, stop.wanted) : await serve(servers, stop.wanted)
    const reports = await Promise.all(servers.map((served) => shutDown(served, stop.forced)))
    if (stop.forced.aborted) return stop.exitCode()
    if (isGood && reports.every(({ forced }) => forced === 0)) return 0
    return stop.exitCode() || 1
  } finally {
    await Promise.all(servers.map(({ server }) => server.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function start({ name, option, listen, server }: Served): Promise<boolean> {
  try {
    await listen()
    server.on('error', (error) => {
      if (!isExpectedClose(error)) console.error(`${name}: ${error.message}`)
    })
    return true
  } catch (error) {
    console.error(`Cannot serve ${name}: ${(error as Error).message}`)
    console.error(`Choose another address with ${option}.`)
    return false
  }
}

/** Built-in clients talk to one server after the other. @returns whether every byte came back */
async function runOnce(servers: readonly Served[], stop: AbortSignal): Promise<boolean> {
  let isGood = true
  for (const served of servers) {
    const since = performance.now()
    const problem = await exchangeAll(served, stop)
    const verdict = problem ?? `every byte came back, in ${Math.round(performance.now() - since)} ms`
    console.log(`${served.name.padEnd(10)}${String(served.server.address).padEnd(40)}${verdict}`)
    isGood &&= problem === undefined
    if (stop.aborted) break
  }
  return isGood
}

/** Shows how to talk to the servers, and who does. @returns true, once the program is asked to stop */
async function serve(servers: readonly Served[], stop: AbortSignal): Promise<true> {
  console.log(`One echo handler on ${servers.length} transports. Ctrl-C shuts down gracefully.`)
  for (const { name, server, command } of servers) {
    console.log(`\n${name} on ${String(server.address)}\n  ${command()}`)
    server.on('connection', ({ id, state, remote, reason }) => {
      if (state === 'new') console.log(`${name}: connection ${id} from ${remote?.toString() ?? 'a client'}`)
      if (state === 'close') console.log(`${name}: connection ${id} is closed, ${reason}`)
    })
  }
  console.log()
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
  console.log('Shutting down; Ctrl-C again closes at once')
  return true
}

async function shutDown({ name, server }: Served, signal: AbortSignal): Promise<ShutdownReport> {
  const report = await server.shutdown({ signal }).catch((error: unknown) => {
    if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT') && error.report !== undefined) return error.report
    throw error
  })
  console.log(`${name.padEnd(10)}${report.idle} idle, ${report.drained} drained, ${report.forced} forced`)
  return report
}

/**
 * A second signal within so many ms belongs to the first: Ctrl-C sends one to every process of the terminal, and npm
 * forwards its own to the program that it runs.
 */
const SAME_KEYSTROKE = 250

/** Listens for signals to the end of the process: one that comes late must not kill it in the middle of cleaning up. */
function listenForStop(): { wanted: AbortSignal; forced: AbortSignal; exitCode: () => number } {
  const wanted = new AbortController()
  const forced = new AbortController()
  let exitCode = 0
  let wantedAt = 0
  const want = (): void => {
    wantedAt = performance.now()
    wanted.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      exitCode = 128 + constants.signals[name]
      if (!wanted.signal.aborted) want()
      else if (performance.now() - wantedAt > SAME_KEYSTROKE) forced.abort()
    })
  }
  // A closed pipe (EPIPE), a terminal that is gone (EIO): nobody reads the output any more.
  process.stdout.on('error', want)
  return { wanted: wanted.signal, forced: forced.signal, exitCode: () => exitCode }
}
