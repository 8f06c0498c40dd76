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
import { usableProcessors } from './processors.js'
import type { Family } from './senders.js'
import type { SocketOptions } from './socket-options.js'
import { optionError, systemError } from './system-error.js'
import { inspect } from 'node:util'

/** Polling needs this many processors: one for the engine, and one for the sender meanwhile. */
const MIN_PROCESSORS = 2

type DatagramEngineSettings = Pick<EngineSettings, 'busyPoll' | 'datagramSpin' | 'credentials' | 'autobind'>

/** Returns the datagram part of an engine. @param usable returns the loop, or throws if there is no addon */
export function createDatagrams(
  usable: () => Loop,
  { busyPoll, datagramSpin, credentials, autobind }: DatagramEngineSettings,
): Pick<NativeDatagramEngine, 'openUdp' | 'openUnixgram' | 'autobind'> {
  const options: SocketOptions = busyPoll === undefined ? {} : { busyPoll }
  const spin = (): number => (datagramSpin > 0 && usableProcessors() >= MIN_PROCESSORS ? datagramSpin : 0)
  return {
    autobind,
    openUdp: async (bind, settings) =>
      openUdp(usable(), bind, settings, { ...options, ...optionsOf(bind, settings) }, spin()),
    openUnixgram: () => openUnixgram(usable(), credentials ? { passCredentials: 1 } : {}, spin()),
  }
}

function openUnixgram(loop: Loop, options: SocketOptions, spin: number): NativeUnixgramPort {
  return new NativeDatagramPort(loop, open(loop, UNIX_FAMILY, options, spin), UNIX_FAMILY)
}

function openUdp(
  loop: Loop,
  bind: NativeUdpBind,
  settings: NativeUdpSettings,
  options: SocketOptions,
  spin: number,
): NativeUdpPort {
  const family: Family = bind.family === 'udp4' ? 4 : 6
  const slot = open(loop, family, options, spin)
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
    const errno = addon.multicastFrom(slot, multicastInterface)
    if (errno !== 0) throw refused('multicastInterface', multicastInterface, errno)
  }
  for (const [index, group] of multicast.entries()) {
    const errno = addon.joinGroup(slot, group.group, group.interface ?? '')
    if (errno !== 0) throw refused(`multicast[${index}]`, group, errno)
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

/** Opens a socket. @throws the system's error; if it refuses an option, the message names option and value */
function open(loop: Loop, family: Family, options: SocketOptions, spin: number): number {
  const slot = loop.addon.openDatagram(family, options, spin)
  if (slot >= 0) return slot
  throw refusedOption(loop, family, options) ?? systemError(-slot, 'socket')
}

/** Finds the option that the system refuses: sets one after the other on another socket, since the addon sets all of them at once. */
function refusedOption({ addon }: Loop, family: Family, options: SocketOptions): Error | undefined {
  const slot = addon.openDatagram(family, {}, 0)
  if (slot < 0) return undefined
  try {
    for (const [name, value] of Object.entries(options) as [keyof SocketOptions, number][]) {
      const errno = addon.setOptions(slot, { [name]: value })
      if (errno !== 0) return refused(PUBLIC_NAMES[name] ?? name, value, errno)
    }
    return undefined
  } finally {
    addon.close(slot, false)
  }
}

function refused(option: string, value: unknown, errno: number): Error {
  return optionError(errno, 'setsockopt', `Cannot set "${option}" to ${inspect(value)}`)
}

/** Options of servers and clients that have another name here. */
const PUBLIC_NAMES: { readonly [Name in keyof SocketOptions]?: string } = {
  receiveBuffer: 'receiveBufferSize',
  sendBuffer: 'sendBufferSize',
  multicastLoop: 'multicastLoopback',
  multicastLoop6: 'multicastLoopback',
  hops: 'ttl',
  multicastHops: 'multicastTtl',
  passCredentials: 'credentials',
}
