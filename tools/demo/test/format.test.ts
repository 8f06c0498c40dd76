import { describe, expect, it } from '@jest/globals'
import { formatBytes, formatCount, formatPlural, formatTable } from '../src/format.js'
import { forShell, forSocat } from '../src/quote.js'

describe('format', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [999.96, '1.0 kB'],
    [68_300_000, '68.3 MB'],
    [999_960_000, '1.0 GB'],
    [5e15, '5000.0 TB'],
  ])('formatBytes() prints %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('formatCount() groups digits', () => expect(formatCount(1_234_567.4)).toBe('1,234,567'))

  it('formatPlural() counts', () => {
    expect([formatPlural(1, 'client'), formatPlural(2, 'client')]).toEqual(['1 client', '2 clients'])
  })

  it('formatTable() aligns columns and leaves no space at the end', () => {
    expect(
      formatTable([
        ['a', 'bb', 'c'],
        ['aaa', 'b', ''],
      ]),
    ).toEqual(['a    bb  c', 'aaa  b'])
  })
})

describe('quote', () => {
  it('forShell() leaves plain words alone and quotes the others', () => {
    expect([forShell('/tmp/a.sock'), forShell("it's [::1]")]).toEqual([
      '/tmp/a.sock',
      String.raw`'it'\''s [::1]'`,
    ])
  })

  it('forSocat() takes away the meaning of its special characters', () => {
    expect(forSocat('/tmp/a:b,c')).toBe(String.raw`/tmp/a\:b\,c`)
  })
})
