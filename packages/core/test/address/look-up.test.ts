import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import dns from 'node:dns/promises'
import { getEventListeners } from 'node:events'
import { lookUp } from '../../src/lib/address/look-up.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { outcome, settle } from '../support/settle.js'

type Found = Awaited<ReturnType<typeof dns.lookup>>[]

/** Lets the name server answer with this. */
function answerWith(answer: Promise<Found>) {
  return jest.spyOn(dns, 'lookup').mockReturnValue(answer as never)
}
afterEach(() => void jest.restoreAllMocks())

const BOTH: Found = [
  { address: '192.0.2.1', family: 4 },
  { address: '2001:db8::1', family: 6 },
]

describe('lookUp', () => {
  it.each(['127.0.0.1', '::1', 'fe80::1%lo'])(
    'lookUp() resolves with the IP address %s itself, without a look-up',
    async (host) => {
      const lookup = answerWith(Promise.resolve(BOTH))
      expect(await lookUp(host, undefined)).toEqual([host])
      expect(lookup).not.toHaveBeenCalled()
    },
  )

  it('lookUp() resolves with all addresses of a name, in the order of the name server', async () => {
    const lookup = answerWith(Promise.resolve(BOTH))
    expect(await lookUp('example.com', undefined)).toEqual(['192.0.2.1', '2001:db8::1'])
    expect(lookup.mock.calls).toEqual([['example.com', { all: true }]])
  })

  it('lookUp() rejects with the error of the look-up, with a signal and without, and leaves no listener', async () => {
    const failure = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    const { signal } = new AbortController()
    for (const given of [undefined, signal]) {
      answerWith(Promise.reject(failure))
      expect(await rejection(lookUp('example.com', given))).toBe(failure)
    }
    await settle()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('lookUp() with a signal that is aborted already rejects with its reason, without a look-up', async () => {
    const lookup = answerWith(Promise.resolve(BOTH))
    for (const host of ['127.0.0.1', 'example.com']) {
      expect(await rejection(lookUp(host, AbortSignal.abort('enough')))).toBe('enough')
    }
    expect(lookup).not.toHaveBeenCalled()
  })

  it.each<[string, () => Promise<Found>]>([
    ['an answer', () => Promise.resolve(BOTH)],
    ['a failure', () => Promise.reject(new Error('too late'))],
  ])('lookUp() rejects as soon as its signal aborts; %s later does no harm', async (_, later) => {
    const stop = new AbortController()
    const answer = createDeferred<Found>()
    answerWith(answer.promise)
    const looking = lookUp('example.com', stop.signal)
    expect(await outcome(looking)).toEqual({ state: 'pending' })
    stop.abort('enough')
    expect(await rejection(looking)).toBe('enough')
    await later().then(answer.resolve, answer.reject)
    await settle()
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})
