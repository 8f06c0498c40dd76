import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { AsyncLocalStorage } from 'node:async_hooks'
import { isolated } from '../../src/lib/async/isolated.js'

const storage = new AsyncLocalStorage<string>()

describe('isolated', () => {
  it('isolated() runs at once, in the asynchronous context of its caller', () => {
    let seen: string | undefined
    storage.run('caller', () => isolated(() => (seen = storage.getStore())))
    expect(seen).toBe('caller')
  })

  it('isolated() hides a context that was entered from the caller and from the next call', () => {
    const seen: unknown[] = []
    storage.run('caller', () => {
      isolated(() => storage.enterWith('first'))
      seen.push(storage.getStore())
      isolated(() => void seen.push(storage.getStore()))
    })
    expect(seen).toEqual(['caller', 'caller'])
  })

  it('isolated() throws what its function throws, and leaves its context', () => {
    const failure = new Error('oops')
    const seen: unknown[] = []
    storage.run('caller', () => {
      const act = (): void =>
        isolated(() => {
          storage.enterWith('inside')
          throw failure
        })
      seen.push(thrown(act), storage.getStore())
    })
    expect(seen).toEqual([failure, 'caller'])
  })
})
