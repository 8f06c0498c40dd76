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

  it.each<[string, object]>([
    ['a getter that throws', Object.defineProperty({}, Symbol.toStringTag, { get: fails })],
    ['an inspect function that throws', { [inspect.custom]: fails }],
  ])('printed() returns a text for a value with %s', (_, value) => {
    expect(printed(value)).toBe('a value that cannot be printed')
  })
})
