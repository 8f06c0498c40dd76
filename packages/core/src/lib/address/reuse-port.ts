import { SockError } from '../errors/errors.js'

/**
 * Refuses `reusePort` where Node would take it and do nothing.
 *
 * @internal
 * @param engine what moves the bytes: one of its own may not depend on the version of Node
 * @throws SockError `ERR_SOCK_UNSUPPORTED`
 */
export function checkReusePort(isWanted: boolean, engine?: { readonly canReusePort?: boolean }): void {
  const { node } = process.versions
  if (!isWanted || engine?.canReusePort === true || hasReusePort(node)) return
  const message = `Cannot use "reusePort" on Node ${node}: it needs 22.12, 23.1 or newer`
  throw new SockError('ERR_SOCK_UNSUPPORTED', message)
}

/**
 * When `net.Server.listen` and `dgram.createSocket` learned it:
 * https://nodejs.org/api/net.html#serverlistenoptions-callback
 */
export function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
