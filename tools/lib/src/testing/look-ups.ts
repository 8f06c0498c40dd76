import dns from 'node:dns'
import promises from 'node:dns/promises'
import { isIP } from 'node:net'
import { later } from './resources.js'

/** Look-ups of names that wait until the test answers them, as if the resolver did not answer. */
export interface HeldLookUps {
  /** How many wait. */
  readonly waiting: number
  /** Answers all of them, with 127.0.0.1. */
  answer(): void
}

/** Until the test ends no look-up is answered but by {@link HeldLookUps.answer}. */
export function holdLookUps(): HeldLookUps {
  const pending: (() => void)[] = []
  const found = [{ address: '127.0.0.1', family: 4 }]
  const { lookup } = dns
  const { lookup: lookupPromise } = promises
  later(() => {
    dns.lookup = lookup
    promises.lookup = lookupPromise
  })
  // What Node's own sockets call, for addresses too.
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
