import type { Addon } from '../../src/lib/addon.js'
import { EVENT_WIDTH, MAX_EVENTS, MAX_OPERATIONS, REUSED_SLABS } from '../../src/lib/numbers.js'

/** The counts of reused chunks come after a header, events, operations and stalls. */
const IN_USE_AT = EVENT_WIDTH * (1 + MAX_EVENTS + 2 * MAX_OPERATIONS)

/** An addon without sockets, whose events come from the test. It does what `functions` do. */
export function createFakeAddon(functions: Partial<Addon> = {}) {
  const memory = new Int32Array(IN_USE_AT + REUSED_SLABS)
  const slabs: unknown[] = []
  const reused = [new ArrayBuffer(1024)]
  let dispatch!: (count: number) => void
  const addon = {
    start(given: typeof dispatch) {
      dispatch = given
      return { shared: memory.buffer, out: new ArrayBuffer(65_536), slabs, reused }
    },
    close: () => undefined,
    ...functions,
  }
  /** Delivers events as one batch: slot, kind, and two values of the kind. */
  const deliver = (...events: (readonly [slot: number, kind: number, a: number, b: number])[]): void => {
    for (const [index, event] of events.entries()) memory.set(event, EVENT_WIDTH * (1 + index))
    dispatch(events.length)
  }
  return {
    addon: addon as unknown as Addon,
    memory,
    inUse: memory.subarray(IN_USE_AT),
    slabs,
    reused,
    deliver,
  }
}
