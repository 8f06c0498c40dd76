import { describe, expect, it } from '@jest/globals'
import { keptPromise, type PromiseKeeper } from '../../src/lib/async/kept-promise.js'
import { outcome } from '../support/settle.js'

const createKeeper = (): PromiseKeeper => ({ resolve: () => {}, reject: () => {} })

describe('keptPromise', () => {
  it('keptPromise() returns a promise that its keeper resolves or rejects', async () => {
    const keeper = createKeeper()
    const first = keptPromise<number>(keeper)
    expect(await outcome(first)).toEqual({ state: 'pending' })
    keeper.resolve(1 as never)
    expect(await outcome(first)).toEqual({ state: 'resolved', value: 1 })
    const failure = new Error('oops')
    const second = keptPromise(keeper)
    keeper.reject(failure as never)
    expect(await outcome(second)).toEqual({ state: 'rejected', error: failure })
  })

  it('keptPromise() gives each keeper the functions of its own latest promise', async () => {
    const [one, other] = [createKeeper(), createKeeper()]
    const left = keptPromise(one)
    const latest = keptPromise<string>(one)
    const others = keptPromise<string>(other)
    one.resolve('one' as never)
    expect(await outcome(latest)).toEqual({ state: 'resolved', value: 'one' })
    expect(await outcome(others)).toEqual({ state: 'pending' })
    other.resolve('other' as never)
    expect(await outcome(others)).toEqual({ state: 'resolved', value: 'other' })
    expect(await outcome(left)).toEqual({ state: 'pending' })
  })
})
