import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import type { ServerState } from '../../src/index.js'
import { transition } from '../../src/lib/server/lifecycle.js'

const STATES: ServerState[] = ['idle', 'starting', 'listening', 'draining', 'closed']
const PATHS = [
  'idle to starting',
  'starting to idle',
  'starting to listening',
  'listening to draining',
  'draining to closed',
  'closed to starting',
]

const PAIRS = STATES.flatMap((from) => STATES.map((to) => ({ from, to, path: `${from} to ${to}` })))

describe('transition', () => {
  it.each(PAIRS.filter(({ path }) => PATHS.includes(path)))(
    'transition() goes from $path',
    ({ from, to }) => {
      expect(transition(from, to)).toBe(to)
    },
  )

  it.each(PAIRS.filter(({ path }) => !PATHS.includes(path)))(
    'transition() refuses to go from $path',
    ({ from, to, path }) => {
      expect(thrown(() => transition(from, to)).message).toBe(`Cannot go from ${path}`)
    },
  )
})
