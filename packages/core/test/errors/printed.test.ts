import { describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import { printed } from '../../src/lib/errors/printed.js'

const fails = (): never => {
  throw new Error('no text')
}

describe('printed', () => {
  it('printed() returns the text of a value as util.inspect() does', () => {
    for (const value of [undefined, 'text', { deep: [1] }]) expect(printed(value)).toBe(inspect(value))
  })

  it('printed() returns a text for a value whose inspect function throws', () => {
    const value = { [inspect.custom]: fails }
    expect(printed(value)).toBe('a value that cannot be printed')
  })
})
