import { describe, expect, it } from '@jest/globals'
import { countPasses, findLost } from '../results.mjs'

const run = (...tests) =>
  countPasses(tests.map(([name, passed]) => JSON.stringify({ name, passed })).join('\n'))

describe('countPasses', () => {
  it('countPasses() counts tests, also those of the same name', () => {
    expect(run(['a', true], ['a', true], ['b', false])).toMatchObject({ passed: 2, failed: 1 })
    expect(run()).toMatchObject({ passed: 0, failed: 0 })
  })
})

describe('findLost', () => {
  const raw = run(['a', true], ['twice', true], ['twice', true], ['broken', false])

  it('findLost() names the tests that pass with raw Node only', () => {
    expect(findLost(raw, run(['a', true], ['twice', true], ['twice', true]))).toEqual([])
    expect(findLost(raw, run(['a', false], ['twice', true], ['twice', true]))).toEqual(['a'])
  })

  it('findLost() notices a test that did not run, and one of two of the same name', () => {
    expect(findLost(raw, run(['twice', true]))).toEqual(['a', 'twice'])
  })

  it('findLost() leaves out what is known', () => {
    expect(findLost(raw, run(['twice', true]), { a: 'a reason' })).toEqual(['twice'])
  })
})
