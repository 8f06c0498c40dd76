import dns from 'node:dns'
import promises from 'node:dns/promises'
import { isIP } from 'node:net'
import { later } from './resources.js'

/** Look-ups of names that wait until the test answers them, as if the resolver did not answer. */
export interface HeldLookUps {
  /** The number of look-ups that wait. */
  readonly waiting: number
  /** Answers all of them, with 127.0.0.1. */
  answer(): void
}

/** Holds all look-ups until {@link HeldLookUps.answer} is called, or the test ends. */
export function holdLookUps(): HeldLookUps {
  const pending: (() => void)[] = []
  const found = [{ address: '127.0.0.1', family: 4 }]
  const { lookup } = dns
  const { lookup: lookupPromise } = promises
  later(() => {
    dns.lookup = lookup
    promises.lookup = lookupPromise
  })
  // Node's own sockets call this, for IP addresses too.
  dns.lookup = ((host: string, options: object, callback: (...result: unknown[]) => void) => {
    if (isIP(host) !== 0) lookup(host, options, callback)
    else pending.push(() => callback(null, found, undefined))
  }) as never
  promises.lookup = (() =>
    new Promise((resolve) => {
      pending.push(() => resolve(found))
    })) as never
  return {
    get waiting() {
      return pending.length
    },
    answer() {
      for (const settle of pending.splice(0)) settle()
    },
  }
}
