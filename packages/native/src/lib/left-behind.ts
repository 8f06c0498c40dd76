import { readSync } from 'node:fs'

/** The most datagrams that are counted: a flood must not keep a socket from closing. */
const MAX_COUNTED = 65_536
const ONE_BYTE = Buffer.alloc(1)

/**
 * Takes what the system still holds for a datagram socket that is about to be closed. A full server leaves datagrams
 * with the system (`pause`), and closing the socket drops them.
 *
 * @returns how many they were
 */
export function countLeftBehind(fd: number): number {
  for (let count = 0; count < MAX_COUNTED; count++) {
    try {
      // It takes one datagram, and drops what does not fit.
      readSync(fd, ONE_BYTE)
    } catch {
      // EAGAIN: nothing is left. Any other error: nothing can be counted.
      return count
    }
  }
  return MAX_COUNTED
}
