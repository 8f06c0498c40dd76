import dns from 'node:dns/promises'
import { isIP } from 'node:net'
import { checkNetwork } from './network-permission.js'

/**
 * Resolves with the addresses of a host, at least one: the host itself if it is an IP address, otherwise all that DNS
 * has for the name, in the name server's order.
 *
 * A look-up cannot be cancelled: it occupies a thread of libuv until the name server answers. After an abort it goes
 * on, and its result is ignored.
 *
 * Rejects with the error of dns.lookup (`ENOTFOUND`), or with the signal's reason.
 */
export async function lookUp(
  host: string,
  signal: AbortSignal | undefined,
): Promise<readonly [string, ...string[]]> {
  signal?.throwIfAborted()
  if (isIP(host) !== 0) return [host]
  checkNetwork()
  const found = await unlessAborted(dns.lookup(host, { all: true }), signal)
  return found.map(({ address }) => address) as [string, ...string[]]
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort reason need not be an Error
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
