import { describe, expect, it } from '@jest/globals'
import { Claims } from '../src/claims.js'

const fail = () => {
  throw new Error('one\ntwo')
}

describe('Claims', () => {
  it('hold when no proof throws', async () => {
    const lines: string[] = []
    const claims = new Claims((line) => lines.push(line))
    await claims.check('it is so', () => undefined)
    expect(lines).toEqual(['ok    it is so'])
    expect(claims.hold).toBe(true)
    expect(claims.verdict).toBe('A release would do what it should: 1 of 1 claims hold.')
  })

  it('do not hold when one proof throws or rejects, and say why below it', async () => {
    const lines: string[] = []
    const claims = new Claims((line) => lines.push(line))
    await claims.check('it is so', fail)
    await claims.check('and so', () => Promise.reject(new Error('three')))
    await claims.check('and otherwise', () => undefined)
    expect(lines).toEqual([
      'FAIL  it is so\n        one\n        two',
      'FAIL  and so\n        three',
      'ok    and otherwise',
    ])
    expect(claims.hold).toBe(false)
    expect(claims.verdict).toBe('Do not release: 1 of 3 claims hold.')
  })

  it('hold although some were left out, and the verdict says how many', async () => {
    const lines: string[] = []
    const claims = new Claims((line) => lines.push(line))
    claims.skip('it is so')
    expect(claims.hold).toBe(false)
    await claims.check('and so', () => undefined)
    expect(lines).toEqual(['skip  it is so', 'ok    and so'])
    expect(claims.hold).toBe(true)
    expect(claims.verdict).toBe('A release would do what it should: 1 of 1 claims hold, and 1 were left out.')
  })

  it('do not hold when there are none', () => {
    expect(new Claims(() => undefined).hold).toBe(false)
  })
})
