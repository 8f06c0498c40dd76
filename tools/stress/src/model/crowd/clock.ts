import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

/** A name whose look-up never ends. */
export const NOWHERE = 'nowhere.model'

/** How many ms of the library's time pass in one of ours, once it is fast: its half minutes are to be lived through. */
const RATE = 200

const now = performance.now.bind(performance)
const timer = globalThis.setTimeout
let rate = 1
let offset = 0

/** Gives the library a clock of its own and names that nobody finds. To be called before it is used. */
export function takeClock(): void {
  performance.now = () => now() * rate + offset
  const scaled = (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout =>
    timer(run, (ms ?? 0) / rate, ...args)
  globalThis.setTimeout = Object.assign<typeof scaled, typeof setTimeout>(scaled, timer)
  const { lookup, promises } = dns
  const lookupSoon = promises.lookup.bind(promises) as (...args: unknown[]) => Promise<unknown>
  const isNowhere = (name: unknown): boolean => name === NOWHERE
  const lookupUnless = (...args: Parameters<typeof lookup>): void => {
    if (!isNowhere(args[0])) lookup(...args)
  }
  dns.lookup = Object.assign<typeof lookupUnless, typeof lookup>(lookupUnless, lookup)
  promises.lookup = ((...args: unknown[]) =>
    isNowhere(args[0]) ? new Promise(() => {}) : lookupSoon(...args)) as typeof promises.lookup
  syncBuiltinESMExports()
}

export function setClock(speed: 'real' | 'fast'): void {
  const before = performance.now()
  rate = speed === 'fast' ? RATE : 1
  offset = before - now() * rate
}

/** By our own clock. */
export function afterRealMs(ms: number, run: () => void): NodeJS.Timeout {
  return timer(run, ms)
}
