import { afterEach, describe, expect, it } from '@jest/globals'
import { until } from '@sock/test-support/wait'
import { Socket } from 'node:net'
import {
  descriptorOf,
  dispatchedBytes,
  handleOf,
  queuedBytes,
} from '../../../src/lib/stream/node/node-handle.js'
import { connectPair, destroyPairs } from '../../support/node-pair.js'

afterEach(destroyPairs)

const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('handleOf', () => {
  it('handleOf() returns the handle of Node below a socket as long as it is open', async () => {
    const { ours } = await connectPair()
    const handle = handleOf(ours)
    expect(typeof handle?.readStart).toBe('function')
    expect(typeof handle?.readStop).toBe('function')
    expect(handle?.getpeername({})).toBe(0)
    ours.destroy()
    expect(handleOf(ours)).toBeUndefined()
    expect(handleOf(new Socket())).toBeUndefined()
  })

  it('handleOf() has reading true while Node reads', async () => {
    const { ours } = await connectPair()
    expect(handleOf(ours)?.reading).toBe(false)
    ours.resume()
    await until(() => handleOf(ours)?.reading === true, 'Node reads')
  })
})

describe('descriptorOf', () => {
  itOnLinux(
    'descriptorOf() returns a number of its own for each open socket, and undefined for a closed one',
    async () => {
      const { ours, peer } = await connectPair()
      const descriptors = [ours, peer].map(descriptorOf) as number[]
      expect(descriptors.every((descriptor) => descriptor > 2)).toBe(true)
      expect(new Set(descriptors).size).toBe(2)
      ours.destroy()
      expect(descriptorOf(ours)).toBeUndefined()
    },
  )
})

describe('dispatchedBytes and queuedBytes', () => {
  it('dispatchedBytes() and queuedBytes() count what waits for a peer that reads nothing', async () => {
    const { ours, peer } = await connectPair()
    peer.pause()
    expect([dispatchedBytes(ours), queuedBytes(ours)]).toEqual([0, 0])
    // More than the buffers of the system take. The second write waits in the stream.
    const large = Buffer.alloc(32 * 1024 * 1024)
    ours.write(large)
    ours.write('behind it')
    expect(dispatchedBytes(ours)).toBe(large.length)
    const before = queuedBytes(ours)
    expect(before).toBeGreaterThan(0)
    peer.resume()
    await until(() => queuedBytes(ours) === 0 && ours.writableLength === 0, 'everything is sent')
    expect(dispatchedBytes(ours)).toBe(large.length + 9)
  })

  it('queuedBytes() adds what waits in each layer of a socket with TLS', () => {
    const layers = { _handle: { writeQueueSize: 5, _parent: { writeQueueSize: 7, _parent: {} } } }
    expect(queuedBytes(layers as unknown as Socket)).toBe(12)
  })
})
