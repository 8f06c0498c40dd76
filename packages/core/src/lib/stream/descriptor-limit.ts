import { readFileSync } from 'node:fs'

/**
 * Descriptors that peers do not get: for the application's own files, look-ups and connections, and for libuv. When there
 * is none left at all, libuv takes peers and closes them, and tells nobody. An engine that accepts several peers before it
 * hands them over stops at each that has one of these, or else it would take the last ones before anybody could say no.
 *
 * @internal
 */
export const RESERVED_DESCRIPTORS = 16

/** Whether this descriptor is so high that hardly any is left below the limit of the process. */
export interface DescriptorLimit {
  /** Descriptors from this one on are too high. */
  readonly first: number
  isOver(descriptor: number | undefined): boolean
}

/**
 * The soft limit of open files (RLIMIT_NOFILE, getrlimit(2)). The system gives out the lowest descriptor that is free, so
 * a single one tells how many are in use, without counting them.
 *
 * @param read gives the limit; `undefined` where it cannot be told
 */
export function createDescriptorLimit(read: () => number | undefined = readLimit): DescriptorLimit {
  let first: number | undefined
  return {
    get first() {
      return (first ??= (read() ?? Infinity) - RESERVED_DESCRIPTORS)
    },
    isOver(descriptor) {
      if (descriptor === undefined || descriptor < this.first) return false
      // Somebody may have raised it in the meantime (prlimit(1)). Reading it takes a descriptor, and there may be none.
      const limit = read()
      if (limit !== undefined) first = limit - RESERVED_DESCRIPTORS
      return descriptor >= this.first
    },
  }
}

/** Linux only. Where nothing can be read, the last resort is the engine's own. */
export function readLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return undefined
  }
}
