import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { ignore } from './deferred.js'
import { eventually } from './wait.js'

/** What a process holds. */
export interface Inventory {
  /** Open descriptors, by what they are; empty where the system does not list them. */
  readonly descriptors: Readonly<Record<string, number>>
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Listeners of the process itself, for signals and the like. */
  readonly listeners: number
  /** What the fixture knows of: socket files, say. */
  readonly leftovers: readonly string[]
}

/** Counts what the process holds now. @param leftovers names what else is to be looked at, such as socket files */
export function takeInventory(leftovers: () => readonly string[]): Inventory {
  const resources = countKinds(process.getActiveResourcesInfo())
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  openReserve()
  return { descriptors: countKinds(listDescriptors()), resources, listeners, leftovers: leftovers() }
}

/** Waits until the process holds no more than it did; closing takes a turn or two of the event loop. */
export async function assertNothingLeft(
  before: Inventory,
  leftovers: () => readonly string[],
): Promise<void> {
  await eventually(() => {
    const now = takeInventory(leftovers)
    assertNoMore(now.descriptors, before.descriptors)
    assertNoMore(now.resources, before.resources)
    assert.ok(now.listeners <= before.listeners, `${now.listeners - before.listeners} listeners are left`)
    assert.deepEqual(now.leftovers, before.leftovers)
  })
}

function assertNoMore(now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(now)) {
    const more = count - (before[kind] ?? 0)
    assert.ok(more <= 0, `${more} of ${kind} are left`)
  }
}

function countKinds(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

let hasReserve = false

/**
 * With its first stream libuv opens a descriptor that it keeps in reserve. That must have happened before descriptors are
 * counted, or whoever makes the first stream is taken to have left one.
 */
function openReserve(): void {
  if (hasReserve) return
  hasReserve = true
  createServer().on('error', ignore).listen(0).close()
}

/** @returns for each descriptor `socket`, `pipe`, `anon_inode:[eventpoll]` or the path of a file */
function listDescriptors(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).replace(/^(socket|pipe):.*/, '$1')
    } catch {
      // The one that the list was read by is closed by now.
      return []
    }
  })
}
