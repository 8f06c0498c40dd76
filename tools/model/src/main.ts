/*
 * The long form: random sequences on all transports, `npm run test:model`.
 *
 *   --sequences <number>   how many, over all transports together; default 100000
 *   --seed <number>        of an earlier run; default: another one each time
 *   --transport <name>     only this one (tcp, tls, unix, udp, unixgram, and all but tls with -native); may be repeated
 *   --path <path>          of a failure that was printed: only that sequence, with its seed, transport, and
 *   --replay <path>        which of its commands were run
 */
import { parseArgs } from 'node:util'
import { runLong } from './long.js'
import { NAMES, type Name } from './transports.js'

const { values: options } = parseArgs({
  options: {
    sequences: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
    transport: { type: 'string', multiple: true, default: [] },
    path: { type: 'string' },
    replay: { type: 'string' },
  },
})

// Observers that throw become warnings, and here they throw all the time.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'SockCallbackWarning') console.warn(warning)
})

const isName = (name: string): name is Name => (NAMES as readonly string[]).includes(name)
const wrong = options.transport.find((name) => !isName(name))
const [sequences, seed] = [Number(options.sequences), Number(options.seed)]
if (wrong !== undefined || !Number.isInteger(sequences) || !Number.isInteger(seed)) {
  console.error('Expected whole numbers for --sequences and --seed, and a transport that there is')
  process.exitCode = 2
} else {
  process.exitCode = await runLong({
    sequences,
    seed,
    transports: options.transport.filter(isName),
    path: options.path,
    replay: options.replay,
  })
}
