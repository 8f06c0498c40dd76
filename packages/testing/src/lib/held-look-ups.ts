import assert from 'node:assert/strict'
import dns from 'node:dns'
import promises from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'
import { eventually } from './wait.js'

/** Look-ups of names that wait until the case answers them, as if the resolver did not answer. */
export interface HeldLookUps {
  /** Resolves when a look-up waits. */
  asked(): Promise<void>
  /** Waits until then, and answers with 127.0.0.1. Resolves when what goes on then has begun. */
  answer(): Promise<void>
}

const FOUND = { address: '127.0.0.1', family: 4 }
/** Turns of the event loop in which what follows a look-up begins. */
const TURNS = 5

/**
 * Holds all look-ups of names until `body` has settled. IP addresses are looked up as usual, as Node's own servers do
 * when they listen.
 */
export async function whileLookUpsWait(body: (lookUps: HeldLookUps) => Promise<void>): Promise<void> {
  const pending: (() => void)[] = []
  const asked = () => eventually(() => assert.ok(pending.length > 0, 'dns.lookup() was not called'))
  const putBack = replaceLookUp((done) => void pending.push(done))
  try {
    await body({
      asked,
      async answer() {
        await asked()
        for (const done of pending.splice(0)) done()
        for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate)
      },
    })
  } finally {
    putBack()
  }
}

type AnyFunction = (...args: unknown[]) => unknown

/** Replaces both functions that look names up. `wait` gets what answers one. @returns what puts them back */
function replaceLookUp(wait: (answer: () => void) => void): () => void {
  const { lookup } = dns
  const { lookup: lookupPromise } = promises
  const replaceBy = (callback: AnyFunction, promise: AnyFunction): void => {
    Object.assign(dns, { lookup: callback })
    Object.assign(promises, { lookup: promise })
    // For modules that import the functions by name.
    syncBuiltinESMExports()
  }
  replaceBy(
    (host, ...rest) => {
      if (isIP(String(host)) !== 0) return (lookup as AnyFunction)(host, ...rest)
      const done = rest.at(-1) as AnyFunction
      return wait(() => (wantsAll(rest[0]) ? done(null, [FOUND]) : done(null, FOUND.address, FOUND.family)))
    },
    (host, options) => {
      if (isIP(String(host)) !== 0) return (lookupPromise as AnyFunction)(host, options)
      return new Promise((resolve) => wait(() => resolve(wantsAll(options) ? [FOUND] : FOUND)))
    },
  )
  return () => replaceBy(lookup as AnyFunction, lookupPromise as AnyFunction)
}

/** Whether a look-up wants a list. */
function wantsAll(options: unknown): boolean {
  return typeof options === 'object' && options !== null && 'all' in options && options.all === true
}
