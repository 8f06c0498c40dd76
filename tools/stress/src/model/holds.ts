import fc from 'fast-check'
import type { Ground } from './grounds.js'

/** What was compared, so that a model that sees nothing does not pass for one that finds nothing. */
export interface Tally {
  sequences: number
  followed: number
  delivered: number
}

/** In ms, for a batch and for making shorter what fails in it: what fails only now and then would take for ever. */
const AT_MOST = 300_000

/** Plays random programs on a ground. @returns the shortest that fails, and how to play it again; `undefined` if none does */
export async function holds(
  ground: Ground,
  tally: Tally,
  parameters: { readonly seed: number; readonly numRuns: number; readonly path?: string },
): Promise<string | undefined> {
  const count = ground.property(({ followed, delivered }) => {
    tally.sequences += 1
    tally.followed += followed
    tally.delivered += delivered
  })
  const details = await fc.check(count, {
    ...parameters,
    endOnFailure: parameters.path !== undefined,
    plugins: [fc.interruptAfterTimeLimit(AT_MOST)],
  })
  if (!details.failed) return undefined
  const again = `npm run model -- --transport ${ground.name} --seed ${details.seed} --path ${details.counterexamplePath}`
  return `${String((details.errorInstance as Error | null)?.message)}\n\nFailed on ${ground.name}. To play it again: ${again}`
}
