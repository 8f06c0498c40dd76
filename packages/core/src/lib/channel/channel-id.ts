/**
 * Shared by all copies of this package in the process, so that an id names one channel even when two copies are
 * loaded.
 */
const COUNTER = Symbol.for('@sock/core.channelId')

const shared = globalThis as { [COUNTER]?: { last: number } }
const counter = (shared[COUNTER] ??= { last: 0 })

/** Returns a channel id that is unique within the process. */
export function nextChannelId(): number {
  return ++counter.last
}
