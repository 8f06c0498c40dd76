/**
 * Tells the first write of a port from later ones in the same turn of the event loop, at no cost. Node calls back for
 * each write as soon as the writing code has returned, and before anything else happens. So without such a call that
 * code is still running.
 */

/** Small enough for V8 to store without a box. */
const MASK = 2 ** 30 - 1

let count = 0

/** Returns the number of the current turn. It differs from an earlier one if the event loop has moved on since. */
export function writeTurn(): number {
  return count
}

/** The callback of all writes, successful or not. */
export function onWritten(): void {
  count = (count + 1) & MASK
}
