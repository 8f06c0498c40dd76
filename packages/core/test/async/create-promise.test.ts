import { describe, expect, it } from '@jest/globals'
import { createPromise, type Settler } from '../../src/lib/async/create-promise.js'
import { outcome } from '../support/settle.js'

const createKeeper = (): Settler => ({ resolve: () => {}, reject: () => {} })

describe('createPromise', () => {
  it('createPromise() returns a promise that its keeper resolves or rejects', async () => {
    const keeper = createKeeper()
    const first = createPromise<number>(keeper)
    expect(await outcome(first)).toEqual({ state: 'pending' })
    keeper.resolve(1 as never)
    expect(await outcome(first)).toEqual({ state: 'resolved', value: 1 })
    const failure = new Error('oops')
    const second = createPromise(keeper)
    keeper.reject(failure as never)
    expect(await outcome(second)).toEqual({ state: 'rejected', error: failure })
  })

  it('createPromise() gives each keeper the functions of its own latest promise', async () => {
    const [one, other] = [createKeeper(), createKeeper()]
    const left = createPromise(one)
    const latest = createPromise<string>(one)
    const others = createPromise<string>(other)
    one.resolve('one' as never)
    expect(await outcome(latest)).toEqual({ state: 'resolved', value: 'one' })
    expect(await outcome(others)).toEqual({ state: 'pending' })
    other.resolve('other' as never)
    expect(await outcome(others)).toEqual({ state: 'resolved', value: 'other' })
    expect(await outcome(left)).toEqual({ state: 'pending' })
  })
})
