import { isExpectedClose, type Handler, type ShutdownReport, type SockError } from '@sock/core'
import { createCertificate } from '@sock/tools/certificate'
import { withFolder } from '@sock/tools/folder'
import { command, parse } from '@sock/tools/options'
import { listenForStop } from '@sock/tools/stop'
import { exchangeAll } from './once.js'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { createServers, type Servers } from './servers.js'

/** Node cannot open Unix sockets on Windows. */
const names = TRANSPORTS.filter((name) => process.platform !== 'win32' || !name.startsWith('unix'))
const MORE = `
Ctrl-C shuts the servers down gracefully, a second one closes them at once. Exit code: 0 all went well;
1 a server could not start, or a byte was lost or changed; 2 wrong options; 130 a second Ctrl-C forced the end.`
const commandLine = command(
  'npm start --',
  'Serves one echo handler on every transport, and prints a command that talks to each.',
)
  .option('--once', 'let built-in clients talk to the servers, print one row per transport, and leave')
  .option(
    '--host <address>',
    'where tcp, tls and udp listen, each on a port that the system chooses',
    '127.0.0.1',
  )
  .addHelpText('after', MORE)

/** Echoes everything. The same function serves every transport. */
const echo: Handler = async (channel) => {
  for await (const message of channel) await channel.write(message)
}

/** Runs the program. @param handler serves the connections; tests pass one that loses or changes bytes @returns the exit code */
export async function run(args: readonly string[], handler: Handler = echo): Promise<number> {
  const options = parse<{ host: string; once?: true }>(commandLine, args)
  if (typeof options === 'number') return options
  const stop = listenForStop()
  const unread = new AbortController()
  // The reader has closed the pipe (EPIPE), or the terminal is gone (EIO).
  process.stdout.on('error', () => unread.abort())
  const wanted = AbortSignal.any([stop.wanted, unread.signal])

  return withFolder('demo', async ({ path: folder }) => {
    const all = createServers(handler, options.host, folder, await createCertificate())
    try {
      for (const name of names) {
        await all.listen[name]()
        all.servers[name].on('error', (error) => {
          if (!isExpectedClose(error)) console.error(`${name}: ${error.message}`)
        })
      }
      const isGood = await (options.once === true ? runOnce(all, wanted) : serve(all, wanted))
      const reports = await Promise.all(names.map((name) => shutDown(name, all, stop.forced)))
      if (stop.forced.aborted) return stop.exitCode
      return isGood && reports.every(({ forced }) => forced === 0) ? 0 : stop.exitCode || 1
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      console.error(message)
      return 1
    } finally {
      await Promise.all(names.map((name) => all.servers[name].close()))
    }
  })
}

/** Built-in clients talk to one server after the other. @returns whether every byte came back */
async function runOnce({ servers, connect }: Servers, stop: AbortSignal): Promise<boolean> {
  let isGood = true
  for (const name of names) {
    const since = performance.now()
    const problem = await exchangeAll(name, connect[name], stop)
    const verdict = problem ?? `every byte came back, in ${Math.round(performance.now() - since)} ms`
    console.log(`${name.padEnd(10)}${String(servers[name].address).padEnd(40)}${verdict}`)
    isGood &&= problem === undefined
    if (stop.aborted) break
  }
  return isGood
}

/** Shows how to talk to the servers, and a line per connection. @returns true, after a request to stop */
async function serve({ servers, command: talk }: Servers, stop: AbortSignal): Promise<true> {
  console.log(`One echo handler on ${names.length} transports. Ctrl-C shuts down gracefully.`)
  for (const name of names) {
    console.log(`\n${name} on ${String(servers[name].address)}\n  ${talk[name]()}`)
    servers[name].on('connection', ({ id, state, remote, reason }) => {
      if (state === 'new') console.log(`${name}: connection ${id} from ${remote?.toString() ?? 'a client'}`)
      if (state === 'close') console.log(`${name}: connection ${id} is closed, ${reason}`)
    })
  }
  console.log()
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
  console.log('Shutting down; Ctrl-C again closes at once')
  return true
}

async function shutDown(
  name: TransportName,
  { servers }: Servers,
  signal: AbortSignal,
): Promise<ShutdownReport> {
  const shutdown = servers[name].shutdown({ signal })
  // The error of a missed deadline has the report too.
  const report = await shutdown.catch((error: SockError) => error.report as ShutdownReport)
  console.log(`${name.padEnd(10)}${report.idle} idle, ${report.drained} drained, ${report.forced} forced`)
  return report
}
