import { wrongType, type Check } from '../options/check.js'
import { object } from '../options/values.js'

/**
 * What moves datagrams: what all engines for them have in common. What an engine opens is said by each transport, as
 * `UdpEngine` of `@sock/udp` and `UnixgramEngine` of `@sock/unixgram` do. One object may be an engine for several, and for
 * streams too.
 */
export interface DatagramEngine {
  /** What messages call it. */
  readonly name: string
}

/**
 * Makes the check of a transport's option `engine`.
 *
 * @internal
 * @param method what the transport calls of its engines
 */
export function datagramEngine<E extends DatagramEngine>(method: keyof E): Check<E | undefined> {
  return (value, name) => {
    const given = object<Partial<E>>()(value, name)
    if (given === undefined) return undefined
    if (typeof given[method] === 'function') return given as E
    throw wrongType(name, 'an engine for datagrams', value)
  }
}
