import { describe, expect, it } from '@jest/globals'
import { rejection, thrown } from '@sock/test-support/wait'
import assert from 'node:assert/strict'
import { configureSocket, dialPort } from '../../src/lib/channel/dial.js'
import { systemError } from '../support/fake-server.js'

describe('dialPort', () => {
  it('dialPort() without a caller resolves or rejects as the dial does', async () => {
    const discard = () => assert.fail()
    expect(await dialPort({ dial: () => Promise.resolve(1) }, discard)).toBe(1)
    const error = systemError('ECONNREFUSED')
    expect(await rejection(dialPort({ dial: () => Promise.reject(error) }, discard))).toBe(error)
    expect(error.message).toBe('read ECONNREFUSED')
  })

  it('dialPort() does not dial after an abort, and discards a port that comes after one', async () => {
    const stop = new AbortController()
    const discarded: string[] = []
    const dial = () => {
      stop.abort(new Error('enough'))
      return Promise.resolve('port')
    }
    const client = { signal: stop.signal, dial }
    for (const port of [['port'], ['port']]) {
      expect((await rejection(dialPort(client, (unwanted) => void discarded.push(unwanted)))).message).toBe(
        'enough',
      )
      expect(discarded).toEqual(port)
    }
  })
})

describe('configureSocket', () => {
  it('configureSocket() discards the port if `configure` throws, or returns what cannot be asked for a promise', () => {
    let discarded = 0
    const discard = () => void (discarded += 1)
    const refuse = (): never => {
      throw new Error('refused')
    }
    // oxlint-disable-next-line unicorn/no-thenable -- it must not be asked
    for (const configure of [refuse, () => Object.defineProperty({}, 'then', { get: refuse })]) {
      expect(thrown(() => configureSocket(configure, { socket: 1 }, discard)).message).toBe('refused')
    }
    expect(discarded).toBe(2)
  })
})
