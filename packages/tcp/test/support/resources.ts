import { afterEach, beforeEach, expect } from '@jest/globals'
import { until } from './until.js'

type Release = () => unknown

const releases: Release[] = []
const failures: unknown[] = []
let before = 0

/** Gives something back after the test, the latest first. */
export function later(release: Release): void {
  releases.push(release)
}

/** How many TCP and TLS handles Node has open. */
function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)/.test(name)).length
}

function note(failure: unknown): void {
  failures.push(failure)
}

// jest hears of these too, but only while a test runs; between tests they would be lost.
beforeEach(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  before = countHandles()
})

afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release()
  await until(() => countHandles() <= before, 'every socket is closed')
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  expect(failures.splice(0)).toEqual([])
})
