import dns from 'node:dns/promises'
import { isIP } from 'node:net'

/**
 * The addresses of a host, at least one: its own if it is one, or those that the name stands for, the resolver's first
 * choice first.
 *
 * A look-up cannot be broken off: it waits in a thread of libuv's, for as long as the resolver does not answer. Once the
 * signal is aborted it goes on for nobody.
 *
 * Rejects with the error of dns.lookup (`ENOTFOUND`), or with the signal's reason.
 */
export async function lookUp(
  host: string,
  signal: AbortSignal | undefined,
): Promise<readonly [string, ...string[]]> {
  signal?.throwIfAborted()
  if (isIP(host) !== 0) return [host]
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
