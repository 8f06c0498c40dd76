import { describe, expect, it } from '@jest/globals'
import { linesOf } from '../src/native.js'

describe('linesOf()', () => {
  it('reads the rows of a table that are a name and a line of code', () => {
    const readme =
      '| Manager | Line |\n| --- | --- |\n| npm     | `npm x && y` |\n| Yarn 4  | `yarn z`     |\n| a | `b` | c |\n'
    expect([...linesOf(readme)]).toEqual([
      ['npm', 'npm x && y'],
      ['Yarn 4', 'yarn z'],
    ])
  })
})
