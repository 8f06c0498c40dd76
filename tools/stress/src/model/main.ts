/*
 * The long form: random sequences on all transports, `npm run model`.
 *
 *   --sequences <number>   how many, over all transports together; default 100000, and with --minutes no limit
 *   --minutes <number>     how long
 *   --seed <number>        of an earlier run; default: another one each time
 *   --transport <name>     only this one (tcp, tls, unix, udp, unixgram, crowd, and all but tls with -native); may be repeated
 *   --go-on                after a failure, too
 *   --path <path>          of a failure that was printed: only that sequence, with its seed, transport, and
 *   --replay <path>        which of its commands were run
 */
import { parseArgs } from 'node:util'
import { runLong } from './long.js'
import { NAMES, type Name } from './transports.js'

const { values: options } = parseArgs({
  options: {
    sequences: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
    transport: { type: 'string', multiple: true, default: [] },
    'go-on': { type: 'boolean', default: false },
    path: { type: 'string' },
    replay: { type: 'string' },
  },
})

// Observers that throw become warnings, and so do writes after a handler has returned: here that happens all the time.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (!['SockCallbackWarning', 'SockHandlerWarning'].includes(warning.name)) console.warn(warning)
})

const isName = (name: string): name is Name => (NAMES as readonly string[]).includes(name)
const wrong = options.transport.find((name) => !isName(name))
const minutes = Number(options.minutes ?? Infinity)
const sequences = Number(options.sequences ?? (options.minutes === undefined ? 100_000 : Infinity))
const seed = Number(options.seed)
const isCount = Number.isInteger(sequences) || sequences === Infinity
if (wrong !== undefined || !isCount || !Number.isInteger(seed) || !(minutes > 0)) {
  console.error('Expected whole numbers for --sequences and --seed, minutes, and a transport that there is')
  process.exitCode = 2
} else {
  process.exitCode = await runLong({
    sequences,
    minutes,
    seed,
    transports: options.transport.filter(isName),
    goesOn: options['go-on'],
    path: options.path,
    replay: options.replay,
  })
}
