import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/*
 * node run.mjs [--seed <number>] [--minutes <number> | --seeds <number>] [--steps <number>] [--binary <path>…] [--stop] [--without <what>…]
 *
 * A fuzzer of the batch protocol between JavaScript and the addon. Plays one seed after the other, each in a process of its own
 * (play.mjs). If there are several binaries, they take turns. After a fault it goes on with the next seed, or stops with --stop. Prints each fault
 * with its seed, and exits with 1 if there was one.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    seeds: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    steps: { type: 'string', default: '1000' },
    without: { type: 'string', multiple: true, default: [] },
    stop: { type: 'boolean', default: false },
    binary: { type: 'string', multiple: true, default: [] },
  },
})

const PLAYER = join(import.meta.dirname, 'play.mjs')
/** A process that takes longer hangs: most need some seconds, also with sanitizers. */
const LIMIT = 300_000
/** How many lines of a fault are shown. */
const LINES = 40
const PROGRESS = 100
const BEGIN = performance.now()
const minutes = () => (performance.now() - BEGIN) / 60_000

/** @returns what the player printed, and whether it ended as it should */
function play(seed) {
  const { binary, steps, without } = values
  const env = { ...process.env }
  if (binary.length > 0) env['SOCK_NATIVE_BINARY'] = binary[seed % binary.length]
  const child = spawn(process.execPath, [PLAYER, `${seed}`, steps, ...without], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  const limit = setTimeout(() => {
    output += `It has not ended after ${LIMIT / 1000} seconds.\n`
    child.kill('SIGKILL')
  }, LIMIT)
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => {
      clearTimeout(limit)
      const isPlayed = /^played /m.test(output) && !/ERROR: AddressSanitizer|runtime error:/.test(output)
      resolve({ isGood: code === 0 && isPlayed, output, how: signal ?? `code ${code}` })
    })
  })
}

const first = Number(values.seed)
const isOver = (seed) =>
  values.minutes === undefined ? seed === first + Number(values.seeds) : minutes() > Number(values.minutes)
const total = { seeds: 0, faults: 0, events: 0 }
for (let seed = first; seed === first || !isOver(seed); seed++) {
  if (values.stop && total.faults > 0) break
  const { isGood, output, how } = await play(seed)
  total.seeds += 1
  if (isGood) {
    total.events += JSON.parse(/^played (.*)$/m.exec(output)[1]).events
  } else {
    total.faults += 1
    console.log(output.split('\n').slice(0, LINES).join('\n'))
    console.log(
      `Seed ${seed} ended with ${how} after ${minutes().toFixed(1)} minutes. Again: --seed ${seed} --minutes 0`,
    )
  }
  if (total.seeds % PROGRESS === 0) console.log(`${total.seeds} seeds, ${total.faults} faults`)
}
console.log(`${total.seeds} seeds from ${first} on, ${total.events} events, ${total.faults} faults`)
process.exitCode = total.faults === 0 ? 0 : 1
