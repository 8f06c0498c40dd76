import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { eventually, ignore } from './wait.js'

/** The resources of a process. */
export interface Inventory {
  /** Open file descriptors, by what they refer to; empty where the system does not list them. */
  readonly descriptors: Readonly<Record<string, number>>
  /** Handles and timers that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Number of listeners on `process`, for signals and the like. */
  readonly listeners: number
  /** What the fixture lists, such as socket files. */
  readonly leftovers: readonly string[]
}

/** Counts the current resources of the process. @param leftovers lists further resources, such as socket files */
export function takeInventory(leftovers: () => readonly string[]): Inventory {
  const resources = countKinds(process.getActiveResourcesInfo())
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  openReserve()
  return { descriptors: countKinds(listDescriptors()), resources, listeners, leftovers: leftovers() }
}

/** Waits until the process has no more resources than before, since closing takes a turn or two of the event loop. */
export async function assertNothingLeft(
  before: Inventory,
  leftovers: () => readonly string[],
): Promise<void> {
  await eventually(() => {
    const left = compare(before, takeInventory(leftovers))
    assert.equal(left.length, 0, `${left.join(', ')} left behind`)
  })
}

/** Names everything that there is more of than before: some of it may go by itself, such as a timer of the test runner. */
function compare(before: Inventory, now: Inventory): string[] {
  return [
    ...added(before.descriptors, now.descriptors),
    ...added(before.resources, now.resources),
    ...added({ listeners: before.listeners }, { listeners: now.listeners }),
    ...now.leftovers.filter((name) => !before.leftovers.includes(name)),
  ]
}

function added(before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): string[] {
  return Object.entries(now).flatMap(([kind, count]) => {
    const more = count - (before[kind] ?? 0)
    return more > 0 ? [`${more} of ${kind}`] : []
  })
}

function countKinds(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

let hasReserve = false

/**
 * Makes libuv open its spare file descriptor, which it does with its first stream and keeps. Otherwise the test with
 * the first stream would seem to leave one.
 */
function openReserve(): void {
  if (hasReserve) return
  hasReserve = true
  createServer().on('error', ignore).listen(0).close()
}

/** @returns for each file descriptor `socket`, `pipe`, `anon_inode:[eventpoll]` or the path of a file */
function listDescriptors(): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).replace(/^(socket|pipe):.*/, '$1')
    } catch {
      // This descriptor was used to read the list, and is closed by now.
      return []
    }
  })
}
