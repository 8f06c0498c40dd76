import fc from 'fast-check'

/** What happens to the workers of a cluster, and when peers connect. Plain data, like that of a crowd. */
export interface ClusterProgram {
  readonly steps: readonly ClusterStep[]
}

export interface ClusterStep {
  /** A worker that is stopped takes nothing, so that peers wait in the primary. */
  readonly do: 'fork' | 'stop' | 'go on' | 'connect' | 'wait'
  readonly which: number
}

const MAX_STEPS = 8

export const anyCluster: fc.Arbitrary<ClusterProgram> = fc.record({
  steps: fc.array(
    fc.record({
      do: fc.constantFrom<ClusterStep['do']>('fork', 'stop', 'stop', 'go on', 'connect', 'connect', 'wait'),
      which: fc.nat({ max: 7 }),
    }),
    { minLength: 3, maxLength: MAX_STEPS, size: 'max' },
  ),
})

export function describeCluster({ steps }: ClusterProgram): string {
  return ['a cluster with one worker', ...steps.map((step) => `  ${step.do} ${step.which}`)].join('\n')
}
