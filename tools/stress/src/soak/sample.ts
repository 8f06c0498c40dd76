import { readdirSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapSpaceStatistics } from 'node:v8'

/** The resources of a process in a quiet time. */
export interface Sample {
  /** The number of open file descriptors; 0 if the system does not list them. */
  readonly descriptors: number
  /** The heap in bytes, with buffers outside of it. */
  readonly heap: number
  /** RSS in bytes, without V8's new space, which is up to 48 MiB for the whole life of a process. */
  readonly rss: number
}

function heapSize(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** This process must run with --expose-gc. */
export async function takeSample(): Promise<Sample> {
  // A collection finalizes objects, and the next one frees what they held: repeat it until nothing more is freed.
  let heap = heapSize()
  for (let before = Infinity; heap < before;) {
    before = heap
    globalThis.gc?.()
    await turn()
    heap = heapSize()
  }
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return {
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    heap,
    rss: process.memoryUsage.rss() - (young?.physical_space_size ?? 0),
  }
}
