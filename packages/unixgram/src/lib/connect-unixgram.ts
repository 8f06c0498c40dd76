import type { DatagramChannel, DatagramClientOptions, UnixAddress, UnixTarget } from '@sock/core'
import {
  bindable,
  checkOptions,
  connectDatagram,
  datagramClientChecks,
  parseUnixPath,
  type DatagramPort,
} from '@sock/core/datagram'
import { noAbstractNames } from './abstract-names.js'
import { createPrivateName } from './private-name.js'
import { UnixgramPort, type UnixgramSocket } from './unixgram-port.js'

/** Options of {@link connectUnixgram}. */
export interface UnixgramClientOptions extends DatagramClientOptions<UnixgramSocket> {}

/**
 * Makes a Unix datagram socket that talks to one server: it receives from nobody else (connect(2)). It gets a name of its
 * own in a new folder of `os.tmpdir()`, so that replies reach it; both are removed on `close()`. A server that was
 * started anew is found again with the next `write()`.
 *
 * Messages that are received may have 65,535 bytes, as on a server.
 *
 * Rejects with `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_PATH_TOO_LONG` or `ERR_SOCK_NATIVE_UNAVAILABLE`, a system error
 * (`ENOENT`, `ECONNREFUSED`, `EACCES`, `EPROTOTYPE` for a stream socket…), or the signal's reason.
 */
export async function connectUnixgram(
  target: string | Pick<UnixTarget, 'path'> | UnixAddress,
  options?: UnixgramClientOptions,
): Promise<DatagramChannel> {
  const settings = checkOptions('connectUnixgram options', options, datagramClientChecks)
  const { path, address, isAbstract } = parseUnixPath(target)
  if (isAbstract) throw noAbstractNames(address.path)
  const dial = async (): Promise<DatagramPort> => {
    settings.signal?.throwIfAborted()
    return connect(bindable(path))
  }
  return connectDatagram({ ...settings, transport: 'unixgram', dial }, address)
}

function connect(path: string): DatagramPort {
  const port = new UnixgramPort()
  try {
    const name = createPrivateName()
    port.bound(name.path, () => name.remove())
    port.socket.bind(name.path)
    port.connect(path)
    name.open()
    return port
  } catch (error) {
    port.close()
    throw error
  }
}
