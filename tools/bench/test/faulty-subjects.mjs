// Subjects that do wrong, for the harness to find out: `module` of a server process.
import { createHash } from 'node:crypto'
import { subjects as all } from '../dist/subjects/subject.js'

const raw = all.find(({ name }) => name === 'raw')

/** @param treat passes input on to `received` as it likes, and returns the answer */
const faulty = (transports, name, treat) => ({
  name,
  transports,
  start: (setup) =>
    raw.start({ ...setup, workload: { ...setup.workload, open: () => treated(setup, treat) } }),
})

function treated({ workload }, treat) {
  const session = workload.open()
  return { received: (data) => treat(data, (input) => session.received(input)) }
}

let count = 0
let held

const every = (number) => ++count % number === 0

/** One bit in the middle, once in a while. */
function corrupt(data, received) {
  if (every(50)) data[data.length >> 1] ^= 1
  return received(data)
}

const ballast = Buffer.alloc(256 * 1024)

/** Burns CPU time: ten times what anything else here costs. */
function slow(data, received) {
  createHash('sha512').update(ballast).digest()
  return received(data)
}

const skip = (number) => (data, received) => (every(number) ? undefined : received(data))

export const subjects = [
  faulty(['tcp', 'udp'], 'corrupts', corrupt),
  faulty(['tcp'], 'loses', (chunk, received) => received(every(50) ? chunk.subarray(1) : chunk)),
  faulty(['tcp'], 'skips', skip(50)),
  faulty(['tcp'], 'skips lines', skip(5000)),
  faulty(['tcp'], 'slow', slow),
  faulty(['udp'], 'loses', skip(100)),
  faulty(['udp'], 'doubles', (data, received) => (every(50) && received(data)) || received(data)),
  faulty(['udp'], 'reorders', (data, received) => {
    const late = held
    held = every(50) ? data : undefined
    const answer = held === undefined ? received(data) : undefined
    return (late && received(late)) ?? answer
  }),
]
