import { isRecord, wrongType, type Check } from '../options/check.js'

/**
 * The base of all datagram engines, which move the datagrams. Each transport defines what its engines open, such as
 * `UdpEngine` of `@sock/udp` and `UnixgramEngine` of `@sock/unixgram`. One object may be an engine for several
 * transports, streams too.
 */
export interface DatagramEngine {
  /** The name of the engine in messages. */
  readonly name: string
}

/**
 * Returns the check of a transport's option `engine`.
 *
 * @internal
 * @param method the method that the transport calls on its engines
 */
export function datagramEngine<E extends DatagramEngine>(method: keyof E): Check<E | undefined> {
  return (value, name) => {
    if (value === undefined) return undefined
    if (isRecord(value) && typeof (value as Partial<E>)[method] === 'function') return value as unknown as E
    throw wrongType(name, 'an engine for datagrams, such as `engine` of @sock/native', value)
  }
}
