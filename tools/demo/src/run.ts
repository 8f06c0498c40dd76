import { isExpectedClose, isSockError, type Handler } from '@sock/core'
import { withFolder } from '@sock/tools/folder'
import { command, parse } from '@sock/tools/options'
import { listenForStop } from '@sock/tools/stop'
import { isStream, TRANSPORTS, type TransportName } from '@sock/tools/transports'
import { runOnce } from './once.js'
import { start, type DemoServer, type DemoServers } from './servers.js'

const MORE = `
Ctrl-C shuts the servers down gracefully, a second one closes them at once. Exit code: 0 all went well;
1 a server could not start, or a byte was lost or changed; 2 wrong options; 130 Ctrl-C cut a connection off, or interrupted --once.`
const commandLine = command(
  'npm start --',
  'Serves one echo handler on every transport, and prints a command that talks to each.',
)
  .option('--once', 'let built-in clients talk to the servers, print one row per transport, and leave')
  .option('--host <address>', 'where tcp, tls and udp listen; the system chooses the ports', '127.0.0.1')
  .addHelpText('after', MORE)

/** Node cannot open Unix sockets on Windows. */
const names = TRANSPORTS.filter((name) => process.platform !== 'win32' || !name.startsWith('unix'))

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
    const servers: DemoServers = new Map()
    try {
      for (const name of names) {
        const server = await startIfPossible(name, handler, options.host, folder)
        if (server !== undefined) servers.set(name, server)
      }
      const isGood = await (options.once === true ? runOnce(servers, wanted) : serve(servers, wanted))
      // Rejects if a connection had to be cut off.
      await Promise.all([...servers.values()].map(({ server }) => server.shutdown({ signal: stop.forced })))
      return isGood ? 0 : stop.exitCode || 1
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      console.error(message)
      return stop.exitCode || 1
    } finally {
      await Promise.all([...servers.values()].map(({ server }) => server.close()))
    }
  })
}

/** Starts a server. Without a native module that it needs, says so, and returns undefined: the others work all the same. */
async function startIfPossible(
  name: TransportName,
  ...args: Parameters<(typeof start)[TransportName]>
): Promise<DemoServer | undefined> {
  try {
    return await start[name](...args)
  } catch (error) {
    if (!isSockError(error, 'ERR_SOCK_NATIVE_UNAVAILABLE')) throw error
    console.log(`${name.padEnd(10)}left out: ${WITHOUT_MODULES}`)
    return undefined
  }
}

const WITHOUT_MODULES =
  'it needs unix-dgram or @sock/native, and neither was built. README.md says what a build needs'

/** Shows how to talk to the servers, and a line per connection. @returns true, after a request to stop */
async function serve(servers: DemoServers, stop: AbortSignal): Promise<true> {
  console.log(`One echo handler on ${[...servers.keys()].join(', ')}. Ctrl-C shuts down gracefully.`)
  for (const [name, { server, command: talk, note }] of servers) {
    console.log(`\n${name} on ${String(server.address)}${note === undefined ? '' : ` (${note})`}\n  ${talk}`)
    server.on('state', (_state, message) => console.log(`${name}: ${message}`))
    server.on('connection', ({ state, remote, reason }) => {
      // The socket of a datagram server counts as a connection, too.
      if (isStream(name) && (state === 'new' || state === 'close'))
        console.log(`${name}: connection of ${String(remote ?? 'a client')}: ${reason ?? 'new'}`)
    })
    server.on('error', (error) => {
      if (!isExpectedClose(error)) console.error(`${name}: ${error.message}`)
    })
  }
  console.log()
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
  console.log('Shutting down; Ctrl-C again closes at once')
  return true
}
