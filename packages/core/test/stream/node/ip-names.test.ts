import { describe, expect, it } from '@jest/globals'
import { Socket } from 'node:net'
import { localIpAddress, remoteIpAddress } from '../../../src/lib/stream/node/ip-names.js'
import { ipAddress } from '../../../src/lib/address/address.js'

const socket = (members: Partial<Socket>): Socket => members as Socket

describe('localIpAddress', () => {
  it('localIpAddress() returns the address of this side, or 0.0.0.0:0 for a closed socket', () => {
    expect(localIpAddress(socket({ localAddress: '::1', localPort: 80 }))).toEqual(ipAddress('::1', 80))
    expect(localIpAddress(new Socket())).toEqual(ipAddress('0.0.0.0', 0))
  })
})

describe('remoteIpAddress', () => {
  it('remoteIpAddress() returns the address of the peer, or undefined for a closed socket', () => {
    const open = socket({ remoteAddress: '192.0.2.1', remotePort: 9 })
    expect(remoteIpAddress(open)).toEqual(ipAddress('192.0.2.1', 9))
    expect(remoteIpAddress(new Socket())).toBeUndefined()
  })
})
