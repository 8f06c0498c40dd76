import { readFileSync } from 'node:fs'

/**
 * File descriptors reserved for uses other than connections: for files, look-ups and clients of the application, and
 * for libuv. With no file descriptor left, libuv accepts peers and closes them silently. An engine that accepts
 * several peers at once stops at a descriptor in this range, so that admission can refuse the peer before all are
 * used.
 *
 * @internal
 */
export const RESERVED_DESCRIPTORS = 16

/** Tells whether a file descriptor is so high that hardly any is left below the process's limit. */
export interface DescriptorLimit {
  /** The lowest descriptor that is too high. */
  readonly first: number
  isOver(descriptor: number | undefined): boolean
}

/**
 * Returns a check against the soft limit of open files (RLIMIT_NOFILE, getrlimit(2)). The system assigns the lowest
 * free descriptor, so a single one shows how many are in use.
 *
 * @param read returns the limit; `undefined` where it cannot be read
 */
export function createDescriptorLimit(read: () => number | undefined = readLimit): DescriptorLimit {
  let first: number | undefined
  return {
    get first() {
      return (first ??= (read() ?? Infinity) - RESERVED_DESCRIPTORS)
    },
    isOver(descriptor) {
      if (descriptor === undefined || descriptor < this.first) return false
      // The limit may have been raised meanwhile (prlimit(1)). Reading it needs a descriptor, and there may be none.
      const limit = read()
      if (limit !== undefined) first = limit - RESERVED_DESCRIPTORS
      return descriptor >= this.first
    },
  }
}

/** Reads the limit, on Linux only. Elsewhere the engine's own behaviour applies. */
export function readLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return undefined
  }
}
