import { formatAddress, type Address } from '@sock/core'
import { join } from 'node:path'
import { createBatch } from './batch.js'
import { BATCH, leave, serveParent } from './child.js'
import { createChurn, type Chore, type Churn } from './churn.js'
import { engineOf } from './engines.js'
import type { Answer, Question, ServerRecord, Setup } from './messages.js'
import { createMistakes } from './mistakes.js'
import { pause } from './pause.js'
import { createRandom, type Random } from './random.js'
import { takeSample } from './sample.js'
import { createServed, type Reporter, type Served } from './served.js'
import type { TransportName } from './transports.js'

/** How long a shutdown waits for those that are busy, in ms. */
const SHUTDOWN_TIMEOUT = 700
/** Between two restarts of one server, in ms. */
const RESTART_EVERY = [3_000, 9_000] as const
/** Between two certificates, in ms. */
const ROTATE_EVERY = [1_000, 3_000] as const
/** Datagrams wait 5 s for a receiver at most, everything else less; and how often to look, in ms. */
const QUIET_WITHIN = 8_000
const QUIET_LOOK = 20

interface Running {
  readonly served: readonly Served[]
  readonly churn: Churn
}

let running: Running | undefined
const parent = serveParent(answer)
const records = createBatch<ServerRecord>(BATCH, (batch) => parent.tell({ news: 'records', records: batch }))

async function answer(question: Question): Promise<Answer> {
  switch (question.ask) {
    case 'begin':
      running = await begin(question.setup)
      return {}
    case 'sample':
      records.flush()
      return { sample: takeSample() }
    case 'resume':
      running?.churn.resume()
      return {}
    case 'pause':
      await running?.churn.pause()
      if (running !== undefined) await quiet(running.served)
      records.flush()
      return {}
    default:
      return finish(running?.served ?? [])
  }
}

async function begin(setup: Setup): Promise<Running> {
  const random = createRandom(setup.seed)
  const mistakes = createMistakes(setup.broken)
  const reporter: Reporter = {
    record: (record) => records.add(mistakes.record(record)),
    finding: (check, text) => parent.tell({ news: 'finding', check, text }),
    eventsSeen: mistakes.eventsSeen,
  }
  const [certificate] = setup.certificates
  if (certificate === undefined) throw new Error('No certificate')
  const means = { certificate, engine: engineOf(setup.engine) }
  const served = setup.only.map((name) => createServed(name, reporter, means))
  for (const one of served) await listen(one, firstTarget(one.name, setup.folder))
  const failed = (error: unknown): void => reporter.finding('restarts', String(error))
  return { served, churn: createChurn(choresOf(served, setup, random), random, failed) }
}

function choresOf(served: readonly Served[], setup: Setup, random: Random): Chore[] {
  const restarts = served.map((one): Chore => ({
    every: RESTART_EVERY,
    do: () => restart(one, setup.folder),
  }))
  const rotations = served.flatMap(({ rotate }): Chore[] =>
    rotate === undefined
      ? []
      : [
          {
            every: ROTATE_EVERY,
            do() {
              const [next, other] = random.chance(0.5) ? setup.certificates : setup.certificates.toReversed()
              if (next !== undefined && other !== undefined) rotate(next, other.key)
            },
          },
        ],
  )
  return [...restarts, ...rotations]
}

/** Where it is all the same process, only the address may change: somebody else may have taken the port meanwhile. */
async function restart(one: Served, folder: string): Promise<void> {
  const before = one.address
  await one.shutdown(SHUTDOWN_TIMEOUT)
  try {
    await listen(one, before === undefined ? firstTarget(one.name, folder) : formatAddress(before))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await listen(one, firstTarget(one.name, folder))
  }
}

async function listen(one: Served, target: string): Promise<void> {
  const address: Address = await one.listen(target)
  parent.tell({ news: 'places', places: { [one.name]: address } })
}

const firstTarget = (name: TransportName, folder: string): string =>
  name === 'unix' || name === 'unixgram' ? join(folder, `${name}.sock`) : '127.0.0.1:0'

/** Waits until nothing is under way, as it must be soon after all clients have left. */
async function quiet(served: readonly Served[]): Promise<void> {
  const until = performance.now() + QUIET_WITHIN
  for (let busy; (busy = served.filter((one) => one.isBusy)).length > 0; await pause(QUIET_LOOK)) {
    if (performance.now() < until) continue
    const names = busy.map(({ name }) => name).join(', ')
    parent.tell({
      news: 'finding',
      check: 'counters',
      text: `${names}: busy ${QUIET_WITHIN} ms after the last client left`,
    })
    return
  }
}

async function finish(served: readonly Served[]): Promise<Answer> {
  await Promise.all(served.map((one) => one.shutdown(SHUTDOWN_TIMEOUT)))
  records.flush()
  // After the answer has left.
  setImmediate(leave)
  return { sample: takeSample(), tallies: served.map((one) => one.tally()) }
}
