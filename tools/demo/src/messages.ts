import { randomBytes } from 'node:crypto'

/** In bytes, from a small request to as much as a server buffers by default, small ones more often. */
const SIZES = [64, 200, 64, 1_000, 256, 64, 4_096, 333, 64, 16_384, 1_460, 256, 65_536] as const
const LARGEST = Math.max(...SIZES)

const pool = randomBytes(1024 * 1024)
/** Two primes, so that no two messages of a run begin at the same place. */
const CONNECTION_STEP = 7_919
const MESSAGE_STEP = 104_729

/**
 * What client `connection` sends as its message `index`: random bytes, others for each of both, so that an answer which is
 * cut, repeated or somebody else's does not compare equal.
 */
export function messageOf(connection: number, index: number, largest: number): Buffer {
  const size = Math.min(SIZES[index % SIZES.length] as number, largest)
  const offset = (connection * CONNECTION_STEP + index * MESSAGE_STEP) % (pool.length - LARGEST)
  return pool.subarray(offset, offset + size)
}
