import fc from 'fast-check'
import { anySequence, type Sequences, type Tally } from './sequences.js'
import { createGround, NAMES, type Ground, type Name } from './transports.js'

export interface Long {
  /** Over all transports together; of these, what is over first. */
  readonly sequences: number
  readonly minutes: number
  readonly seed: number
  /** Only these. */
  readonly transports: readonly Name[]
  /** Of a failure, as it was printed: only that one is run, on one transport. */
  readonly path?: string | undefined
  readonly replay?: string | undefined
  /** Goes on after a failure, with other sequences. */
  readonly goesOn: boolean
}

/** So many at a time: progress is printed in between, and transports take turns. */
const BATCH = 100
/** Of those that another process plays, which take longer. */
const SMALL_BATCH = 10
/** ms for a batch, and for making shorter what fails in it. */
const AT_MOST = 300_000
/** ms between two lines. */
const INTERVAL = 3_000

/** Runs random sequences and prints how far it is. @returns the exit code */
export async function runLong({
  sequences,
  minutes,
  seed,
  transports,
  path,
  replay,
  goesOn,
}: Long): Promise<number> {
  const tally: Tally = { sequences: 0, followed: 0, delivered: 0 }
  const grounds = await createGrounds(transports)
  const begin = performance.now()
  const end = begin + minutes * 60_000
  const wanted = sequences === Infinity ? '' : ` of ${sequences}`
  let printed = begin
  let exitCode = 0
  const say = (): void => console.log(line(tally, wanted, (performance.now() - begin) / 1_000))
  console.log(
    `Seed ${seed}, ${minutes === Infinity ? `${sequences} sequences` : `${minutes} minutes`} on ${grounds.map(({ fixture }) => fixture.name).join(', ')}`,
  )
  try {
    for (let batch = 0; tally.sequences < sequences && performance.now() < end; batch++) {
      const ground = grounds[batch % grounds.length] as Ground
      const numRuns = Math.min(ground.kind === 'stage' ? SMALL_BATCH : BATCH, sequences - tally.sequences)
      const one = {
        seed: path === undefined ? seed + batch : seed,
        numRuns,
        ...(path === undefined ? {} : { path }),
      }
      if (!(await holds(ground, anySequence(ground, tally, { replayPath: replay }), one))) exitCode = 1
      if (exitCode === 1 && !goesOn) return 1
      if (path !== undefined) break
      if (performance.now() - printed < INTERVAL) continue
      printed = performance.now()
      say()
    }
    say()
    return exitCode
  } finally {
    for (const ground of grounds) await ground.close()
  }
}

async function createGrounds(names: readonly Name[]): Promise<Ground[]> {
  const grounds: Ground[] = []
  for (const name of names.length === 0 ? NAMES : names) {
    const ground = await createGround(name)
    if (ground === undefined) console.log(`Without ${name}: its native module is not there`)
    else grounds.push(ground)
  }
  return grounds
}

async function holds(
  { kind, fixture: { name } }: Ground,
  sequences: Sequences,
  parameters: { seed: number; numRuns: number; path?: string },
): Promise<boolean> {
  const details = await fc.check(sequences, {
    ...parameters,
    endOnFailure: parameters.path !== undefined,
    // Making one shorter that fails only now and then would take for ever.
    plugins: [fc.interruptAfterTimeLimit(AT_MOST)],
  })
  if (!details.failed) return true
  // The error of one that was played tells which it was.
  if (kind !== 'stage') console.log(fc.defaultReportMessage(details as never))
  console.log(details.errorInstance)
  const replay = /replayPath="([^"]*)"/.exec(fc.stringify(details.counterexample))?.[1]
  const which = replay === undefined ? '' : ` --replay ${replay}`
  const again = `--transport ${name} --seed ${details.seed} --path ${details.counterexamplePath}${which}`
  console.log(`Failed on ${name}. To run this sequence again: npm run model -- ${again}`)
  return false
}

function line({ sequences, followed, delivered }: Tally, wanted: string, seconds: number): string {
  const rate = Math.round(sequences / seconds)
  return `${sequences}${wanted} sequences, ${rate} a second; ${followed} connections followed, ${delivered} streams and datagrams compared`
}
