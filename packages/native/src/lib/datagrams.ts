import type { EngineSettings } from './engine-options.js'
import type { Loop } from './loop.js'
import { NativeDatagramPort } from './native-datagram-port.js'
import type {
  NativeDatagramEngine,
  NativeUdpBind,
  NativeUdpPort,
  NativeUdpSettings,
  NativeUnixgramPort,
} from './datagram-engine.js'
import { UNIX_FAMILY } from './numbers.js'
import type { SocketOptions } from './socket-options.js'
import { systemError } from './system-error.js'

type DatagramEngineSettings = Pick<EngineSettings, 'busyPoll' | 'credentials' | 'autobind'>

/** @param usable throws where there is no addon */
export function createDatagrams(
  usable: () => Loop,
  { busyPoll, credentials, autobind }: DatagramEngineSettings,
): Pick<NativeDatagramEngine, 'openUdp' | 'openUnixgram' | 'autobind'> {
  const options: SocketOptions = busyPoll === undefined ? {} : { busyPoll }
  return {
    autobind,
    openUdp: async (bind, settings) =>
      openUdp(usable(), bind, settings, { ...options, ...optionsOf(bind, settings) }),
    openUnixgram: () => openUnixgram(usable(), credentials ? { passCredentials: 1 } : {}),
  }
}

function openUnixgram(loop: Loop, options: SocketOptions): NativeUnixgramPort {
  return new NativeDatagramPort(loop, opened(loop.addon.openDatagram(UNIX_FAMILY, options)), UNIX_FAMILY)
}

function openUdp(
  loop: Loop,
  bind: NativeUdpBind,
  settings: NativeUdpSettings,
  options: SocketOptions,
): NativeUdpPort {
  const { addon } = loop
  const family = bind.family === 'udp4' ? 4 : 6
  const slot = opened(addon.openDatagram(family, options))
  const port = new NativeDatagramPort(loop, slot, family)
  try {
    port.bindIp(bind.host ?? (family === 4 ? '0.0.0.0' : '::'), bind.port)
    joinGroups(loop, slot, settings)
    if (bind.peer !== undefined) port.connectIp(bind.peer)
    return port
  } catch (error) {
    port.close()
    throw error
  }
}

function joinGroups(
  { addon }: Loop,
  slot: number,
  { multicast, multicastInterface }: NativeUdpSettings,
): void {
  if (multicastInterface !== undefined) {
    checked(addon.multicastFrom(slot, multicastInterface), 'setsockopt', multicastInterface)
  }
  for (const { group, interface: where = '' } of multicast) {
    checked(addon.joinGroup(slot, group, where), 'addMembership', group)
  }
}

/** A dual-stack socket has each limit twice: for its IPv6 peers, and for its IPv4 peers. */
function optionsOf(bind: NativeUdpBind, settings: NativeUdpSettings): SocketOptions {
  const isIpv6 = bind.family === 'udp6'
  const options: SocketOptions = {}
  const set = (name: keyof SocketOptions, value: number | boolean | undefined): void => {
    if (value !== undefined) options[name] = Number(value)
  }
  if (isIpv6) set('ipv6Only', bind.ipv6Only ?? false)
  if (bind.reuseAddress === true) set('reuseAddress', true)
  if (bind.reusePort === true) set('reusePort', true)
  if (settings.broadcast) set('broadcast', true)
  set('receiveBuffer', settings.receiveBufferSize)
  set('sendBuffer', settings.sendBufferSize)
  set('ttl', settings.ttl)
  set('multicastTtl', settings.multicastTtl)
  set('multicastLoop', settings.multicastLoopback)
  if (isIpv6) {
    set('hops', settings.ttl)
    set('multicastHops', settings.multicastTtl)
    set('multicastLoop6', settings.multicastLoopback)
  }
  return options
}

function opened(slot: number): number {
  if (slot < 0) throw systemError(-slot, 'socket')
  return slot
}

function checked(errno: number, syscall: string, address: string): void {
  if (errno !== 0) throw systemError(errno, syscall, { address })
}
