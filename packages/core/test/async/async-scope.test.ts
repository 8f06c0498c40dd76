import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { AsyncLocalStorage } from 'node:async_hooks'
import { runInAsyncScope } from '../../src/lib/async/async-scope.js'

const storage = new AsyncLocalStorage<string>()

describe('runInAsyncScope', () => {
  it('runInAsyncScope() runs at once, in the asynchronous context of its caller', () => {
    let seen: string | undefined
    storage.run('caller', () => runInAsyncScope(() => (seen = storage.getStore())))
    expect(seen).toBe('caller')
  })

  it('runInAsyncScope() hides a context that was entered from the caller and from the next call', () => {
    const seen: unknown[] = []
    storage.run('caller', () => {
      runInAsyncScope(() => storage.enterWith('first'))
      seen.push(storage.getStore())
      runInAsyncScope(() => void seen.push(storage.getStore()))
    })
    expect(seen).toEqual(['caller', 'caller'])
  })

  it('runInAsyncScope() throws what its function throws, and leaves its context', () => {
    const failure = new Error('oops')
    const seen: unknown[] = []
    storage.run('caller', () => {
      const act = (): void =>
        runInAsyncScope(() => {
          storage.enterWith('inside')
          throw failure
        })
      seen.push(thrown(act), storage.getStore())
    })
    expect(seen).toEqual([failure, 'caller'])
  })
})
