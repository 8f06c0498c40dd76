import { describe, expect, it } from '@jest/globals'
import { closestWord } from '../../src/lib/options/spelling.js'

const known = ['maxConnections', 'maxHandshakes', 'idleTimeout', 'noDelay', 'tls', 'mode', 'host', 'port']

describe('closestWord', () => {
  it.each([
    ['maxConnection', 'maxConnections'],
    ['maxConections', 'maxConnections'],
    ['idletimeout', 'idleTimeout'],
    ['idelTimeout', 'idleTimeout'],
    ['nodelay', 'noDelay'],
    ['Port', 'port'],
    ['mod', 'mode'],
  ])('closestWord() of "%s" is "%s"', (word, closest) => {
    expect(closestWord(word, known)).toBe(closest)
  })

  it.each(['ttl', 'nope', 'writeTimeout', 'toString', '__proto__', '', 'maxWriteBuffer'])(
    'closestWord() of "%s" is none',
    (word) => {
      expect(closestWord(word, known)).toBeUndefined()
    },
  )

  it('closestWord() among no words is none', () => {
    expect(closestWord('port', [])).toBeUndefined()
  })
})
