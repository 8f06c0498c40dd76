import { describe, expect, it, jest } from '@jest/globals'
import type { StreamListenerSink } from '@sock/core/stream'
import { constants } from 'node:os'
import { createFakeAddon } from './support/fake-addon.js'

const { EADDRINUSE, EAFNOSUPPORT } = constants.errno
const SLOT = 7
const asked: string[] = []
/** The results of listening, by host: a slot, or a negative errno. */
let results: Record<string, number> = {}
const { addon } = createFakeAddon({
  listenIp(_options, _backlog, host) {
    asked.push(host)
    return results[host] as number
  },
  name: () => ['0.0.0.0', 80],
})
jest.unstable_mockModule('../src/lib/load.js', () => ({ loadAddon: () => ({ addon, isChecked: false }) }))
const { engine } = await import('../src/lib/engine.js')

function listen() {
  asked.length = 0
  const endpoint = { kind: 'ip', host: undefined, port: 80 } as const
  const sockets = { highWaterMark: 65_536, backlog: 511 }
  return engine.listenStream(endpoint, sockets, {} as StreamListenerSink)
}

describe('engine.listenStream() on a system without IPv6', () => {
  it('engine.listenStream() on a system without IPv6 listens on all addresses of IPv4', async () => {
    results = { '::': -EAFNOSUPPORT, '0.0.0.0': SLOT }
    const listener = await listen()
    expect([asked, String(listener.address)]).toEqual([['::', '0.0.0.0'], '0.0.0.0:80'])
    await listener.close()
  })

  it('engine.listenStream() on all addresses rejects with the error of IPv6 if IPv4 fails, too', async () => {
    results = { '::': -EADDRINUSE, '0.0.0.0': -EAFNOSUPPORT }
    await expect(listen()).rejects.toMatchObject({ code: 'EADDRINUSE', address: '::', port: 80 })
  })
})
