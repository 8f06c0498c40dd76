let last = 0

/** A number for a channel that no other channel of the process has. */
export function nextChannelId(): number {
  return ++last
}
