import { describe, expect, it } from '@jest/globals'
import { ipAddress, unixAddress } from '@sock/core/transport'
import { PLACE_BITS, UNIX_FAMILY } from '../src/lib/numbers.js'
import { addressOf, credentialsOf, Senders } from '../src/lib/senders.js'

/** The token of the sender at a place; each new sender there has another one. */
const tokenOf = (place: number, generation = 1): number => (generation << PLACE_BITS) | place

describe('Senders', () => {
  it('Senders.token() returns the token of a sender that was added, for sockets of its family', () => {
    const senders = new Senders()
    senders.add(tokenOf(3), ['127.0.0.1', 53])
    senders.add(tokenOf(4), ['::1', 53])
    senders.add(tokenOf(5), Buffer.from('/run/app.sock'))
    const [v4, v6, unix] = [4, 5, 6].map((place) => senders.address(place)!) as [never, never, never]
    expect([v4, v6, unix]).toEqual([
      ipAddress('127.0.0.1', 53),
      ipAddress('::1', 53),
      unixAddress('/run/app.sock'),
    ])
    expect([senders.token(v4, 4), senders.token(v6, 6), senders.token(unix, UNIX_FAMILY)]).toEqual(
      [3, 4, 5].map((place) => tokenOf(place)),
    )
    // For an IPv6 socket, an IPv4 peer has another address.
    expect([senders.token(v4, 6), senders.token(v6, 4)]).toEqual([0, 0])
  })

  it('Senders.token() does not know an equal address that is another object, nor one whose place has a new sender', () => {
    const senders = new Senders()
    senders.add(tokenOf(3), ['127.0.0.1', 53])
    const address = senders.address(4)!
    expect(senders.token(ipAddress('127.0.0.1', 53), 4)).toBe(0)
    expect(senders.token(address, 4)).toBe(tokenOf(3))
    senders.add(tokenOf(3, 2), ['127.0.0.1', 54])
    expect(senders.token(address, 4)).toBe(0)
    expect(senders.token(senders.address(4)!, 4)).toBe(tokenOf(3, 2))
  })

  it('Senders.address() of a sender without a name is undefined', () => {
    const senders = new Senders()
    senders.add(tokenOf(3), Buffer.alloc(0))
    expect([senders.address(0), senders.address(4)]).toEqual([undefined, undefined])
  })
})

describe('addressOf', () => {
  it.each<[string, Buffer, string]>([
    ['a path', Buffer.from('/run/a'), '/run/a'],
    ['an abstract name', Buffer.from('\0name'), '@name'],
    ['a relative path that looks like an abstract name', Buffer.from('@name'), './@name'],
  ])('addressOf() returns the address of %s', (_, name, path) => {
    expect(addressOf(name)).toEqual(unixAddress(path))
  })
})

describe('credentialsOf', () => {
  it('credentialsOf() returns an object that cannot be changed, since others have it, too', () => {
    const credentials = credentialsOf([1, 2, 3])
    expect(credentials).toEqual({ pid: 1, uid: 2, gid: 3 })
    expect(Object.isFrozen(credentials)).toBe(true)
  })
})
