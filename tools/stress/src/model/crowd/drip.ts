import { afterRealMs, setClock } from './clock.js'
import type { End } from './ledger.js'
import { until } from './wait.js'

/** Bytes that no socket takes at once, for a peer that does not read. */
const MUCH = 12_000_000
/** ms between two bytes of a peer that reads nothing. */
const DRIP = 3

/** Peers that take nothing, and say a byte now and then, are given up: half a minute passes at once for that. */
export async function drip(accepted: readonly End[], peers: readonly End[], patience: number): Promise<void> {
  const open = accepted.filter(({ ledger }) => !ledger.isOver)
  for (const end of open) {
    end.do.write(MUCH)
    end.do.close()
  }
  setClock('fast')
  let timer: NodeJS.Timeout | undefined
  const byte = (): void => {
    for (const peer of peers) {
      peer.do.stall()
      peer.do.write(1)
    }
    timer = afterRealMs(DRIP, byte)
  }
  byte()
  const left = (): string =>
    open
      .filter(({ ledger }) => !ledger.isOver)
      .map(({ ledger }) => ledger.name)
      .join(', ')
  try {
    await until(
      () => left() === '',
      patience,
      () => `closes for ever, for a peer that takes nothing: ${left()}`,
    )
  } finally {
    clearTimeout(timer)
    setClock('real')
  }
}
