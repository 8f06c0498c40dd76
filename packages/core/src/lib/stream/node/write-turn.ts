/**
 * Distinguishes the first write of a port from later ones in the same turn of the event loop, at no cost. Node calls
 * the callback of a write as soon as the writing code has returned, before anything else happens. So as long as there
 * was no such call, the writing code is still running.
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
