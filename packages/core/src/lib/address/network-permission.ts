/** The part of `process.permission` that is used here; it exists with `--permission`. */
interface Permission {
  has(scope: 'net'): boolean
}

/**
 * Throws if Node's permission model denies this process the network: `--permission` without `--allow-net`, Node 25 and
 * newer. Engines ask before they open anything: `net.Server` throws that error where it has no caller, and tells its
 * listeners nothing. The sockets of addons, which Node does not restrict, follow the same rule.
 *
 * @throws Error with Node's code for it, `ERR_ACCESS_DENIED`
 * @internal
 */
export function checkNetwork(): void {
  const { permission } = process as { permission?: Permission }
  // Older versions have permissions, but none for the network.
  if (permission === undefined || !process.allowedNodeEnvironmentFlags.has('--allow-net')) return
  if (permission.has('net')) return
  const error = new Error(
    'Access to the network is denied to this process (ERR_ACCESS_DENIED). Start Node with --allow-net',
  )
  throw Object.assign(error, { code: 'ERR_ACCESS_DENIED', permission: 'Net' })
}
