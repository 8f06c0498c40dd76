import { afterEach, describe, expect, it } from '@jest/globals'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { failureOf, failureOfTls } from '../../../src/lib/stream/node/node-end.js'
import { connectPair, destroyPairs } from '../../support/node-pair.js'

afterEach(destroyPairs)

const describeOnUnix = process.platform === 'win32' ? describe.skip : describe

describeOnUnix('failureOf', () => {
  it('failureOf() finds nothing after a FIN, though a RST has followed', async () => {
    const { ours, peer } = await connectPair()
    peer.end()
    await once(ours.resume(), 'end')
    expect(failureOf(ours)).toBeUndefined()
    // This write is answered with a RST.
    peer.destroy()
    ours.write('x')
    expect(failureOf(ours)).toBeUndefined()
  })

  it('failureOf() returns the error of a RST', async () => {
    const { ours, peer } = await connectPair()
    peer.resetAndDestroy()
    let error: Error | undefined
    // Each look consumes the error that the system has.
    await until(() => (error ??= failureOf(ours)) !== undefined, 'the RST has come')
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  })

  it('failureOf() returns an error if data follows the end that Node has reported', async () => {
    const { ours, peer } = await connectPair()
    peer.write('data')
    let error: Error | undefined
    await until(() => (error ??= failureOf(ours)) !== undefined, 'the data has come')
    expect(error).toMatchObject({
      code: 'ECONNRESET',
      message: 'Connection broke: data follows the reported end of its input',
    })
  })

  it('failureOf() finds nothing on an open connection after push(null) on its stream', async () => {
    const { ours } = await connectPair()
    ours.push(null)
    expect(failureOf(ours)).toBeUndefined()
  })

  it('failureOf() finds nothing on a closed socket', async () => {
    const { ours } = await connectPair()
    ours.destroy()
    expect(failureOf(ours)).toBeUndefined()
  })
})

/** The layers of a TLS socket. Real ones are in the tests of tcp. */
function encrypted(how: { reading?: boolean; started?: number; peer?: number; ended?: boolean }) {
  const calls: string[] = []
  const below = {
    fd: -1,
    readStart() {
      calls.push('readStart')
      return how.started ?? 0
    },
    readStop: () => void calls.push('readStop'),
    getpeername: () => how.peer ?? 0,
  }
  const handle = { fd: -1, reading: how.reading ?? true, _parent: below }
  return { calls, socket: { _handle: handle, writableEnded: how.ended ?? false } as unknown as Socket }
}

describe('failureOfTls', () => {
  it('failureOfTls() returns an error if the TCP connection is gone without a close_notify', () => {
    const { socket, calls } = encrypted({ peer: -107 })
    expect(failureOfTls(socket)).toMatchObject({
      code: 'ECONNRESET',
      message: 'Connection broke: the TCP connection is gone',
    })
    expect(calls).toEqual(['readStart', 'readStop'])
  })

  it.each([
    ['the peer is still there', {}],
    ['this side has sent its own end before', { peer: -107, ended: true }],
    ['the input has ended with close_notify, after which Node reads on', { peer: -107, started: -114 }],
    ['Node does not want input', { peer: -107, reading: false }],
  ])('failureOfTls() finds nothing if %s', (_, how) => {
    const { socket, calls } = encrypted(how)
    expect(failureOfTls(socket)).toBeUndefined()
    // What was started is stopped again.
    expect(calls.includes('readStop')).toBe(
      calls.includes('readStart') && how !== undefined && !('started' in how),
    )
  })

  it('failureOfTls() finds nothing on a closed socket', () => {
    expect(failureOfTls({ _handle: null } as unknown as Socket)).toBeUndefined()
  })
})
