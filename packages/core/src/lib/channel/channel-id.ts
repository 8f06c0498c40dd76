/** Found by every copy of this package, so that an id means one channel in the logs of a process with two copies. */
const COUNTER = Symbol.for('@sock/core.channelId')

const shared = globalThis as { [COUNTER]?: { last: number } }
const counter = (shared[COUNTER] ??= { last: 0 })

/** A number for a channel that no other channel of the process has. */
export function nextChannelId(): number {
  return ++counter.last
}
