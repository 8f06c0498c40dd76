import dns from 'node:dns/promises'
import { later } from './resources.js'

/** Look-ups of names that wait until the test answers them, as if the resolver did not answer. */
export interface HeldLookUps {
  /** Answers all of them, with 127.0.0.1. */
  answer(): void
}

/** Until the test ends no look-up is answered but by {@link HeldLookUps.answer}. */
export function holdLookUps(): HeldLookUps {
  const pending: (() => void)[] = []
  const { lookup } = dns
  later(() => void (dns.lookup = lookup))
  dns.lookup = (() =>
    new Promise((resolve) => {
      pending.push(() => resolve([{ address: '127.0.0.1', family: 4 }]))
    })) as never
  return {
    answer() {
      for (const settle of pending.splice(0)) settle()
    },
  }
}
