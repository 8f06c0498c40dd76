/// <reference types="node" preserve="true" />
/**
 * For authors of stream and datagram transports: addresses, targets, DNS look-up, socket files, and checks of
 * options.
 *
 * @module @sock/core/transport
 */
export { ipAddress, unixAddress } from './lib/address/address.js'
export { IP_TARGET_KEYS, parseIpPeer, parseIpTarget } from './lib/address/ip-target.js'
export { lookUp } from './lib/address/look-up.js'
export { checkNetwork } from './lib/address/network-permission.js'
export { checkReusePort } from './lib/address/reuse-port.js'
export {
  MAX_PATH_BYTES,
  parseUnixPath,
  parseUnixTarget,
  UNIX_TARGET_KEYS,
  type UnixEndpoint,
  type UnixName,
} from './lib/address/unix-target.js'
export { createDeferred, isThenable, type Deferred } from './lib/async/deferred.js'
export { checkHandler, type CheckedHandler } from './lib/channel/handler.js'
export type { InputTurn, InputUser } from './lib/channel/input-user.js'
export { asError, messageOf, propertyOf } from './lib/errors/as-error.js'
export { atCaller, connectAtCaller, type Caller, type PublicFunction } from './lib/errors/caller.js'
export type { Asked } from './lib/errors/system-words.js'
export { withoutStack } from './lib/errors/without-stack.js'
export { checkOptions, wrongType, type Check, type Checked, type Checks } from './lib/options/check.js'
export { checkServerOptions } from './lib/options/server-options.js'
export * as check from './lib/options/values.js'
export { bindSocketFile, type SocketFileActions } from './lib/socket-file/datagram-file.js'
export { bindable } from './lib/socket-file/short-path.js'
export type { SocketFile } from './lib/socket-file/socket-file.js'
export { createSocketFile } from './lib/socket-file/stream-file.js'
export { turnOf, useInput } from './lib/channel/input-user.js'
export { CHECKS_PER_DEADLINE, Sweep, type Watched } from './lib/async/sweep.js'
