import { readdirSync } from 'node:fs'

/** What a process holds. */
export interface Sample {
  /** Open descriptors; `undefined` where the system does not tell. */
  readonly descriptors: number | undefined
  /** In bytes, after a full garbage collection. */
  readonly rss: number
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
    heap: heapUsed + external,
  }
}
