import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { Load } from './once.js'

export interface Options {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly tlsPort: number
  readonly udpPort: number
  /** Default: in a temporary folder. */
  readonly path?: string
  /** Default: in the same temporary folder. */
  readonly datagramPath?: string
  /** Given with --once: what the built-in clients do. */
  readonly once?: Load
}

/** As commander collects them. */
interface Parsed extends Omit<Options, 'once'>, Load {
  readonly once?: true
}

/** The exit code for options that make no sense, as shells use it for their own commands. */
const USAGE = 2
const MAX_PORT = 65_535
/** A connection is two descriptors in this process, all are open at the end, and some systems allow no more than 4096. */
const MAX_CONNECTIONS = 400
const MAX_MESSAGES = 1_000_000_000
const MAX_SECONDS = 86_400

/** What was asked for; or the exit code, after the help or what is wrong was printed. */
export function parseOptions(args: readonly string[]): Options | number {
  const command = createCommand()
  try {
    command.parse(args, { from: 'user' })
    const { once, connections, messages, timeout, ...place } = command.opts<Parsed>()
    if (once) return { ...place, once: { connections, messages, timeout } }
    const lonely = ['connections', 'messages', 'timeout'].find(
      (name) => command.getOptionValueSource(name) === 'cli',
    )
    if (lonely !== undefined) command.error(`error: option '--${lonely}' needs '--once'`)
    return place
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

function createCommand(): Command {
  return new Command('npm start --')
    .description('Serves one echo handler on every transport there is, and tells how to talk to each.')
    .option('--once', 'run built-in clients against the servers, print one row per transport and leave')
    .option('--host <name>', 'where tcp, tls and udp listen', '127.0.0.1')
    .option('--port <number>', 'port of tcp; 0 lets the system choose', integer(0, MAX_PORT), 0)
    .option('--tls-port <number>', 'port of tls; 0 lets the system choose', integer(0, MAX_PORT), 0)
    .option('--udp-port <number>', 'port of udp; 0 lets the system choose', integer(0, MAX_PORT), 0)
    .option('--path <path>', 'socket of unix (default: in a temporary folder)')
    .option('--datagram-path <path>', 'socket of unixgram (default: in a temporary folder)')
    .option('--connections <number>', 'with --once: clients per transport', integer(1, MAX_CONNECTIONS), 20)
    .option('--messages <number>', 'with --once: messages per client', integer(1, MAX_MESSAGES), 500)
    .option(
      '--timeout <seconds>',
      'with --once: what has not come back by then is lost',
      integer(1, MAX_SECONDS),
      7,
    )
    .helpOption('--help', 'show this')
    .addHelpText('after', MORE)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
}

const MORE = `
Ctrl-C (or SIGTERM) ends it in good order, a second one at once. When the output is no terminal, the live line
is printed as a line of its own, at most once a second and only when something has changed. NO_COLOR is respected.

Exit code: 0 all went well; 1 a server could not start, or something was lost, changed or cut off; 2 wrong options;
130 forced by a second Ctrl-C.`

/** @returns a parser of whole decimal numbers within the bounds */
function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}
