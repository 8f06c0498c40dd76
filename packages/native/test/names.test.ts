import { describe, expect, it } from '@jest/globals'
import { ipAddress, unixAddress } from '@sock/core/transport'
import { acceptedNames, dialledNames, ipNames } from '../src/lib/names.js'

/** A loop whose addon answers this. */
const loop = (addon: { name?: (slot: number, ofPeer: boolean) => unknown; credentials?: () => unknown }) =>
  ({ addon }) as never

describe('ipNames', () => {
  it('ipNames are the addresses of both sides', () => {
    const open = loop({ name: (slot, ofPeer) => (ofPeer ? ['::1', slot] : ['127.0.0.1', slot]) })
    expect([ipNames.localAddress(open, 7), ipNames.remoteAddress(open, 7)]).toEqual([
      ipAddress('127.0.0.1', 7),
      ipAddress('::1', 7),
    ])
  })

  it('ipNames of a closed socket are 0.0.0.0:0 and undefined', () => {
    const closed = loop({ name: () => -107 })
    expect([ipNames.localAddress(closed, 7), ipNames.remoteAddress(closed, 7)]).toEqual([
      ipAddress('0.0.0.0', 0),
      undefined,
    ])
  })
})

describe('acceptedNames and dialledNames', () => {
  const address = unixAddress('/run/app.sock')
  const any = loop({})

  it('acceptedNames() and dialledNames() name the server, and no client', () => {
    const [accepted, dialled] = [acceptedNames(address), dialledNames(address)]
    expect([accepted.localAddress(any, 7), accepted.remoteAddress(any, 7)]).toEqual([address, undefined])
    expect([dialled.localAddress(any, 7), dialled.remoteAddress(any, 7)]).toEqual([unixAddress(''), address])
  })

  it('peerCredentials() are those of the system, or undefined if it has none', () => {
    const names = acceptedNames(address)
    expect(names.peerCredentials?.(loop({ credentials: () => [1, 0, 2] }), 7)).toEqual({
      pid: 1,
      uid: 0,
      gid: 2,
    })
    expect(names.peerCredentials?.(loop({ credentials: () => undefined }), 7)).toBeUndefined()
  })
})
