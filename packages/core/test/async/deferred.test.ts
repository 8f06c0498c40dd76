import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { rejection, thrown } from '@sock/test-support/wait'
import { createDeferred, isThenable, rejected, whenSettled } from '../../src/lib/async/deferred.js'
import { outcome, settle } from '../support/settle.js'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)

beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

/** Calls both callbacks at once, and then once more, as no promise would. */
const twice = (first: 'resolve' | 'reject'): PromiseLike<unknown> =>
  ({
    // oxlint-disable-next-line unicorn/no-thenable -- that is the subject
    then(resolve: () => void, reject: (error: Error) => void) {
      if (first === 'resolve') resolve()
      reject(new Error('oops'))
      resolve()
      throw new Error('again')
    },
  }) as never

/** `await` and `Promise.resolve()` read the constructor of a promise. */
const unawaitable = (): Promise<void> =>
  Object.defineProperty(Promise.resolve(), 'constructor', {
    get() {
      throw new Error('oops')
    },
  })

describe('createDeferred', () => {
  it('createDeferred() returns a promise that its first result settles', async () => {
    const { promise, resolve, reject } = createDeferred<number>()
    expect(await outcome(promise)).toEqual({ state: 'pending' })
    resolve(1)
    resolve(2)
    reject(new Error('late'))
    expect(await promise).toBe(1)
  })

  it('createDeferred() reports no unhandled rejection, and still rejects for a caller that awaits it', async () => {
    const { promise, reject } = createDeferred()
    const failure = new Error('oops')
    reject(failure)
    await settle()
    expect(await rejection(promise)).toBe(failure)
  })
})

describe('rejected', () => {
  it('rejected() returns a rejected promise that is not reported as unhandled', async () => {
    const failure = new Error('oops')
    const promise = rejected(failure)
    await settle()
    expect(await rejection(promise)).toBe(failure)
  })
})

describe('whenSettled', () => {
  it.each<[string, () => PromiseLike<unknown>, string[]]>([
    ['a promise that resolves', () => Promise.resolve(1), ['fulfilled']],
    ['a promise that rejects', () => Promise.reject(new Error('oops')), ['failed oops']],
    ['a thenable that resolves, rejects and throws', () => twice('resolve'), ['fulfilled']],
    ['a thenable that rejects, resolves and throws', () => twice('reject'), ['failed oops']],
    ['a promise that cannot be awaited', () => unawaitable(), ['failed oops']],
  ])('whenSettled() calls one callback, once, and later: %s', async (_, make, expected) => {
    const calls: string[] = []
    const over = whenSettled(
      make(),
      () => calls.push('fulfilled'),
      (error) => calls.push(`failed ${(error as Error).message}`),
    )
    expect(calls).toEqual([])
    await over
    await settle()
    expect(calls).toEqual(expected)
  })

  it('whenSettled() rejects with what the callback throws, and does not take it for a failure of the promise', async () => {
    const failure = new Error('of the callback')
    const failures: unknown[] = []
    const over = whenSettled(
      Promise.resolve(),
      () => {
        throw failure
      },
      (error) => failures.push(error),
    )
    expect(await rejection(over)).toBe(failure)
    expect(failures).toEqual([])
  })
})

describe('isThenable', () => {
  it('isThenable() is true for an object with a method then(), and for nothing else', () => {
    for (const value of [Promise.resolve(), twice('resolve')]) expect(isThenable(value)).toBe(true)
    // oxlint-disable-next-line unicorn/no-thenable -- that is the subject
    for (const value of [undefined, null, 1, 'then', {}, { then: 1 }, () => {}]) {
      expect(isThenable(value)).toBe(false)
    }
  })

  it('isThenable() throws what a getter then() throws', () => {
    const failure = new Error('oops')
    const value = {
      // oxlint-disable-next-line unicorn/no-thenable -- that is the subject
      get then(): never {
        throw failure
      },
    }
    expect(thrown(() => isThenable(value))).toBe(failure)
  })
})
