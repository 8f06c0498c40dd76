import type { Address, Connection, ConnectionEvent } from '@sock/core'
import { isStream, type StreamName } from '@sock/tools/transports'
import { LibraryEnd } from './library-end.js'
import { Watcher } from './observer.js'
import { NO_CONNECTION, Oops } from './pledges.js'
import type { Place } from './server.js'
import type { World } from './world.js'

/** Connects a client of the library. */
export function dial(world: World, place: Place, transport: StreamName, address: Address): void {
  const { means, pledges } = world
  const ledger = world.open(place, 'client')
  const watcher = new Watcher()
  world.clientWatchers.push(watcher)
  let end: LibraryEnd | undefined
  const onState = (event: ConnectionEvent): unknown => {
    if (event.state === 'dial') return undefined
    pledges.guard(() => watcher.heard(event))
    if (event.state === 'close') end?.closed(event.reason)
    return event.state === 'new' ? undefined : world.at(`on ${event.state}`, end)
  }
  const connected = (connection: Connection): void => {
    end = new LibraryEnd(ledger, connection, pledges, true)
    world.addPeer(end)
    void end.readOn(() => {})
  }
  pledges.keep('connect()', means.dial(transport, address, { onState }), connected, NO_CONNECTION)
}

/** Starts to connect a client of the library, and aborts at once. */
export function giveUpDialling(world: World, place: Place): void {
  const { address, spec } = place
  if (address === undefined || !isStream(spec.transport)) return
  // The server may report an aborted handshake.
  world.open(place, 'client', false).hurtBy('given up')
  const stop = new AbortController()
  const dialling = world.means.dial(spec.transport, address, { signal: stop.signal })
  world.pledges.keep('connect(), given up', dialling, (one) => one.destroy(), NO_CONNECTION)
  stop.abort(new Oops('the model changed its mind'))
}
