import { afterEach, beforeEach, expect } from '@jest/globals'
import { readdirSync, readlinkSync } from 'node:fs'
import { until } from './wait.js'

/*
 * Whoever imports this has every test looked after: what it gave to `later()` is closed, no socket that it opened is left,
 * and nothing was thrown or rejected that nobody has caught.
 */

const releases: (() => unknown)[] = []
const failures: unknown[] = []
let handles = 0
let descriptors = 0

/** Gives something back after the test, the latest first. */
export function later(giveBack: () => unknown): void {
  releases.push(giveBack)
}

/** Gives everything back now. Hooks of a `describe` come before those of the file. */
export async function release(): Promise<void> {
  for (const one of releases.splice(0).toReversed()) await one()
}

/** How many handles of sockets Node has open. */
function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|UDP|Pipe)/.test(name)).length
}

/** How many sockets the process has open, where the system tells: those of the native engine are no handles of Node. */
export function countSockets(): number {
  if (process.platform !== 'linux') return 0
  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The descriptor that was open for reading the folder is gone.
      return false
    }
  }
  return readdirSync('/proc/self/fd').filter(isSocket).length
}

function note(failure: unknown): void {
  failures.push(failure)
}

// Jest hears of these too, but only while a test runs; between tests they would be lost.
beforeEach(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  handles = countHandles()
  descriptors = countSockets()
})

afterEach(async () => {
  await release()
  await until(() => countHandles() <= handles, 'every handle is closed')
  await until(() => countSockets() <= descriptors, 'every descriptor is closed')
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  expect(failures.splice(0)).toEqual([])
})
