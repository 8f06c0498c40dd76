import { afterEach, beforeEach, expect } from '@jest/globals'
import { readdirSync, readlinkSync } from 'node:fs'
import { until } from './until.js'

type Release = () => unknown

const releases: Release[] = []
const failures: unknown[] = []
let handles = 0
let descriptors = 0

/** Gives something back after the test, the latest first. */
export function later(release: Release): void {
  releases.push(release)
}

/** How many TCP and TLS handles Node has open. */
function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)/.test(name)).length
}

/** How many sockets the process has open, where the system tells: those of the native engine are no handles of Node. */
function countSockets(): number {
  if (process.platform !== 'linux') return 0
  let count = 0
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')) count += 1
    } catch {
      // The descriptor that was open for reading the folder is gone.
    }
  }
  return count
}

function note(failure: unknown): void {
  failures.push(failure)
}

// jest hears of these too, but only while a test runs; between tests they would be lost.
beforeEach(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  handles = countHandles()
  descriptors = countSockets()
})

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release()
  await until(() => countHandles() <= handles, 'every handle is closed')
  await until(() => countSockets() <= descriptors, 'every descriptor is closed')
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  expect(failures.splice(0)).toEqual([])
})
