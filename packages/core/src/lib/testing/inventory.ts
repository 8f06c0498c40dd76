import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { eventually } from './wait.js'

/** What a process holds. */
export interface Inventory {
  /** Open descriptors; 0 where the system does not list them. */
  readonly descriptors: number
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Listeners of the process itself, for signals and the like. */
  readonly listeners: number
  /** What the fixture knows of: socket files, say. */
  readonly leftovers: readonly string[]
}

/** Counts what the process holds now. @param leftovers names what else is to be looked at, such as socket files */
export function takeInventory(leftovers: () => readonly string[]): Inventory {
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  return { descriptors: countDescriptors(), resources, listeners, leftovers: leftovers() }
}

/** Waits until the process holds no more than it did; closing takes a turn or two of the event loop. */
export async function assertNothingLeft(
  before: Inventory,
  leftovers: () => readonly string[],
): Promise<void> {
  await eventually(() => {
    const now = takeInventory(leftovers)
    assert.ok(
      now.descriptors <= before.descriptors,
      `${now.descriptors - before.descriptors} descriptors are left`,
    )
    for (const [kind, count] of Object.entries(now.resources)) {
      const more = count - (before.resources[kind] ?? 0)
      assert.ok(more <= 0, `${more} of ${kind} are left`)
    }
    assert.ok(now.listeners <= before.listeners, `${now.listeners - before.listeners} listeners are left`)
    assert.deepEqual(now.leftovers, before.leftovers)
  })
}

function countDescriptors(): number {
  if (process.platform !== 'linux') return 0
  return readdirSync('/proc/self/fd').length
}
