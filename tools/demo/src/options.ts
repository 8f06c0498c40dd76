import { Command, CommanderError, InvalidArgumentError } from 'commander'

export interface Options {
  readonly once?: true
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly tlsPort: number
  readonly udpPort: number
  /** Default: in a temporary folder. */
  readonly path?: string
  /** Default: in the same temporary folder. */
  readonly datagramPath?: string
}

/** The exit code for options that make no sense, as shells use it for their own commands. */
const USAGE = 2
const MAX_PORT = 65_535

/** @returns what was asked for; or the exit code, after printing the help or what is wrong */
export function parseOptions(args: readonly string[]): Options | number {
  const command = new Command('npm start --')
    .description('Serves one echo handler on every transport, and prints a command that talks to each.')
    .option('--once', 'let built-in clients talk to the servers, print one row per transport, and leave')
    .option('--host <name>', 'where tcp, tls and udp listen', '127.0.0.1')
    .option('--port <number>', 'port of tcp; 0 lets the system choose', port, 0)
    .option('--tls-port <number>', 'port of tls; 0 lets the system choose', port, 0)
    .option('--udp-port <number>', 'port of udp; 0 lets the system choose', port, 0)
    .option('--path <path>', 'socket of unix (default: in a temporary folder)')
    .option('--datagram-path <path>', 'socket of unixgram (default: in a temporary folder)')
    .helpOption('--help', 'show this')
    .addHelpText('after', MORE)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
  try {
    return command.parse(args, { from: 'user' }).opts<Options>()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : USAGE
  }
}

const MORE = `
Ctrl-C (or SIGTERM) shuts the servers down gracefully, a second one closes them at once.

Exit code: 0 all went well; 1 a server could not start, or a byte was lost or changed; 2 wrong options;
130 a second Ctrl-C forced the end.`

function port(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value <= MAX_PORT) return value
  throw new InvalidArgumentError(`Expected a whole number from 0 to ${MAX_PORT}.`)
}
