export type WrongOption = [option: string, value: unknown, error: typeof TypeError | typeof RangeError]

/** Wrong values of the options that only TCP has, of servers and clients: the conformance suite has those of all streams. */
export const WRONG_OPTIONS: readonly WrongOption[] = [
  ['noDelay', 'yes', TypeError],
  ['noDelay', 1, TypeError],
  ['noDelay', null, TypeError],
  ['keepAlive', 'yes', TypeError],
  ['keepAlive', null, TypeError],
  ['keepAlive', 0, RangeError],
  ['keepAlive', 999, RangeError],
  ['keepAlive', 1500.5, RangeError],
  ['keepAlive', 32_767_001, RangeError],
  ['keepAlive', NaN, RangeError],
  ['handshakeTimeout', '10', TypeError],
  ['handshakeTimeout', 0, RangeError],
  ['handshakeTimeout', -1, RangeError],
  ['handshakeTimeout', Infinity, RangeError],
  ['handshakeTimeout', 2 ** 31, RangeError],
  ['tls', 'yes', TypeError],
  ['tls', 1, TypeError],
  ['tls', null, TypeError],
  ['tls', [], TypeError],
]
