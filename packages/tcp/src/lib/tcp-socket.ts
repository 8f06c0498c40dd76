import type { StreamSocketOptions } from '@sock/core/stream'
import { check, wrongType, type Check, type Checks } from '@sock/core/transport'

/** Options of TCP sockets, accepted or dialled. */
export interface TcpSocketOptions {
  /** Send small writes at once instead of gathering them (TCP_NODELAY, tcp(7)). Default true. */
  noDelay?: boolean | undefined
  /**
   * Probe peers that are silent, so that those who vanished are noticed (SO_KEEPALIVE, socket(7)). A number is the silence
   * before the first probe in ms, `true` means 60000. Default true.
   */
  keepAlive?: boolean | number | undefined
}

/** The silence before the first probe that `true` stands for. */
const DEFAULT_KEEP_ALIVE = 60_000
/** TCP_KEEPIDLE counts whole seconds, and Linux takes up to 32767 of them (tcp(7)). */
const MIN_KEEP_ALIVE = 1_000
const MAX_KEEP_ALIVE = 32_767_000

const keepAliveDelay = check.integer(DEFAULT_KEEP_ALIVE, MIN_KEEP_ALIVE, MAX_KEEP_ALIVE)

/** The silence in ms; 0 for no probes. */
const keepAliveCheck: Check<number> = (value, name) => {
  if (value === undefined || value === true) return DEFAULT_KEEP_ALIVE
  if (value === false) return 0
  if (typeof value !== 'number') throw wrongType(name, 'a boolean or an integer', value)
  return keepAliveDelay(value, name)
}

export const socketChecks = {
  noDelay: check.boolean(true),
  keepAlive: keepAliveCheck,
} satisfies Checks<TcpSocketOptions>

/** What an engine needs to know of the options. */
export function socketOptions({
  noDelay,
  keepAlive,
  highWaterMark,
}: Required<StreamSocketOptions>): StreamSocketOptions {
  return { noDelay, keepAlive, highWaterMark }
}
