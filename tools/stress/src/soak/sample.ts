import { readdirSync } from 'node:fs'
import { getHeapSpaceStatistics } from 'node:v8'

/** What a process holds. */
export interface Sample {
  /** Open descriptors; `undefined` where the system does not tell. */
  readonly descriptors: number | undefined
  /** In bytes, after a full garbage collection. */
  readonly rss: number
  /** The part of `rss` where V8 puts what is new, in bytes: 48 MiB at most, however long a process runs. */
  readonly newSpace: number
  /** In bytes, after a full garbage collection; buffers outside of the heap included. */
  readonly heap: number
}

const OWN_DESCRIPTORS = '/proc/self/fd'

/** Takes a sample. The process must have been started with --expose-gc. */
export function takeSample(): Sample {
  // Twice: what the first run finalizes, the second collects.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    descriptors: process.platform === 'linux' ? readdirSync(OWN_DESCRIPTORS).length : undefined,
    rss,
    newSpace:
      getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.physical_space_size ?? 0,
    heap: heapUsed + external,
  }
}
