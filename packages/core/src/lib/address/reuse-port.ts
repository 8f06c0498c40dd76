import { SockError } from '../errors/errors.js'

/**
 * Rejects `reusePort` where Node would accept the option and ignore it.
 *
 * @internal
 * @param engine an engine of its own may support it on any version of Node
 * @throws SockError `ERR_SOCK_UNSUPPORTED`
 */
export function checkReusePort(isWanted: boolean, engine?: { readonly canReusePort?: boolean }): void {
  const { node } = process.versions
  if (!isWanted || engine?.canReusePort === true || hasReusePort(node)) return
  const message = `Cannot use "reusePort" on Node ${node}: it needs Node 22.12, 23.1 or newer, or the native engine`
  throw new SockError('ERR_SOCK_UNSUPPORTED', message)
}

/**
 * Whether `net.Server.listen` and `dgram.createSocket` of this version have the option:
 * https://nodejs.org/api/net.html#serverlistenoptions-callback
 */
export function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
