import type { StreamSocketOptions } from '@sock/core/stream'
import { check, wrongType, type Check, type Checks } from '@sock/core/transport'

/** Options of TCP sockets, for servers and clients. */
export interface TcpSocketOptions {
  /** Sends small writes at once instead of delaying them (TCP_NODELAY, tcp(7)). Default: true. */
  noDelay?: boolean | undefined
  /**
   * Probes silent peers, to notice those that have vanished (SO_KEEPALIVE, socket(7)). A number is the silence before
   * the first probe in ms; `true` means 60000. Default: true.
   */
  keepAlive?: boolean | number | undefined
}

/** The silence before the first probe in ms, if the option is `true`. */
const DEFAULT_KEEP_ALIVE = 60_000
/** TCP_KEEPIDLE is in whole seconds, up to 32767 on Linux (tcp(7)). */
const MIN_KEEP_ALIVE = 1_000
const MAX_KEEP_ALIVE = 32_767_000

const keepAliveDelay = check.integer(DEFAULT_KEEP_ALIVE, MIN_KEEP_ALIVE, MAX_KEEP_ALIVE)

/** Returns the silence before the first probe in ms; 0 for no probes. */
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

/** Returns the options that an engine needs. */
export function socketOptions({
  noDelay,
  keepAlive,
  highWaterMark,
}: Required<StreamSocketOptions>): StreamSocketOptions {
  return { noDelay, keepAlive, highWaterMark }
}
