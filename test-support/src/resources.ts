import { afterEach, beforeEach, expect } from '@jest/globals'
import { readdirSync, readlinkSync } from 'node:fs'
import { until } from './wait.js'

/*
 * Import this file to check every test of yours: everything passed to `later()` is closed, no socket is left open, and there was
 * no uncaught exception or rejection.
 */

const releases: (() => unknown)[] = []
const failures: unknown[] = []
let handles = 0
let descriptors = 0

/** Calls a function after the test, the last one first. */
export function later(giveBack: () => unknown): void {
  releases.push(giveBack)
}

/** Calls these functions now. Hooks of a `describe` run before those of the file. */
export async function release(): Promise<void> {
  for (const one of releases.splice(0).toReversed()) await one()
}

/** The number of open socket handles of Node. */
function countHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|UDP|Pipe)/.test(name)).length
}

/** The open sockets of the process, if the system lists them. They include those of the native engine, which are not handles of Node. */
export function openSockets(): Set<string> {
  if (process.platform !== 'linux') return new Set()
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The file descriptor with which the folder was read has been closed.
      return ''
    }
  })
  return new Set(links.filter((link) => link.startsWith('socket:')))
}

export const countSockets = (): number => openSockets().size

function note(failure: unknown): void {
  failures.push(failure)
}

// Jest sees these too, but only while a test runs.
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
