import { describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { engine } from '../src/index.js'
import type { Addon } from '../src/lib/addon.js'
import type { NativeUdpSettings } from '../src/lib/datagram-engine.js'
import { createDatagrams } from '../src/lib/datagrams.js'
import { loadAddon } from '../src/lib/load.js'
import { Loop } from '../src/lib/loop.js'
import type { SocketOptions } from '../src/lib/socket-options.js'
import { describeNative } from './support/needs.js'

const ENGINE = { busyPoll: undefined, datagramSpin: 0, credentials: true, autobind: false }
const SETTINGS: NativeUdpSettings = {
  receiveBufferSize: 8_192,
  sendBufferSize: 8_192,
  broadcast: true,
  ttl: 7,
  multicast: [],
  multicastTtl: 7,
  multicastLoopback: false,
  multicastInterface: undefined,
}
const descriptors = (): number => readdirSync('/proc/self/fd').length

/** Datagrams of a system that refuses one option. */
function refusing(option: keyof SocketOptions) {
  const addon = {
    openDatagram: (_family: number, options: SocketOptions) =>
      option in options ? -constants.errno.EPERM : 1,
    setOptions: (_slot: number, options: SocketOptions) => (option in options ? constants.errno.EPERM : 0),
    close: () => undefined,
  }
  return createDatagrams(() => ({ addon }) as unknown as Loop, ENGINE)
}

describe('openUdp and openUnixgram on a system that refuses an option', () => {
  it.each([
    ['receiveBuffer', 'receiveBufferSize', 8_192],
    ['sendBuffer', 'sendBufferSize', 8_192],
    ['broadcast', 'broadcast', 1],
    ['hops', 'ttl', 7],
    ['multicastHops', 'multicastTtl', 7],
    ['multicastLoop', 'multicastLoopback', 0],
    ['multicastLoop6', 'multicastLoopback', 0],
    ['ipv6Only', 'ipv6Only', 0],
  ] as const)(
    'openUdp() rejects when the system refuses %s, and names the option "%s"',
    async (option, name, value) => {
      const opening = refusing(option).openUdp({ host: undefined, port: 0, family: 'udp6' }, SETTINGS)
      const message = `Cannot set "${name}" to ${value}: operation not permitted (EPERM)`
      await expect(opening).rejects.toMatchObject({ code: 'EPERM', syscall: 'setsockopt', message })
    },
  )

  it('openUnixgram() throws when the system refuses passCredentials, and names the option "credentials"', () => {
    expect(() => refusing('passCredentials').openUnixgram()).toThrow(
      'Cannot set "credentials" to 1: operation not permitted (EPERM)',
    )
  })
})

describeNative('openUdp() that fails', () => {
  const bind = { host: undefined, port: 0, family: 'udp4' } as const

  it('openUdp() leaves no socket when the system refuses an option', async () => {
    const own = new Loop((loadAddon() as { addon: Addon }).addon)
    const { openUdp } = createDatagrams(() => own, { ...ENGINE, busyPoll: -1 })
    const before = descriptors()
    await expect(openUdp(bind, SETTINGS)).rejects.toMatchObject({
      code: 'EINVAL',
      message: 'Cannot set "busyPoll" to -1: invalid argument (EINVAL)',
    })
    expect(descriptors()).toBe(before)
  })

  it('openUdp() leaves no socket when it cannot join a group', async () => {
    const before = descriptors()
    const opening = engine.openUdp(bind, { ...SETTINGS, multicast: [{ group: '192.0.2.1' }] })
    await expect(opening).rejects.toMatchObject({ code: 'EINVAL', syscall: 'setsockopt' })
    expect(descriptors()).toBe(before)
  })
})
