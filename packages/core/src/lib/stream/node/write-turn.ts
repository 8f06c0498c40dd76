/**
 * Tells the first write of a port from those that follow before the event loop goes on, at no cost: Node calls back for
 * each write anyway, once the code that wrote has returned, and before anything else happens. So no call has come yet as
 * long as that code still runs.
 */

/** Small enough for V8 to keep it without a box. */
const MASK = 2 ** 30 - 1

let count = 0

/** What a port remembers of its last write; another number means that the loop has gone on since. */
export function writeTurn(): number {
  return count
}

/** The callback of all writes, successful or not. */
export function onWritten(): void {
  count = (count + 1) & MASK
}
