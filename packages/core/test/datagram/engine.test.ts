import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { datagramEngine, type DatagramEngine } from '../../src/lib/datagram/engine.js'

interface TestEngine extends DatagramEngine {
  openTest(): void
}

const check = datagramEngine<TestEngine>('openTest')

describe('datagramEngine', () => {
  it('datagramEngine() returns an engine that has the method of the transport, and undefined', () => {
    const engine: TestEngine = { name: 'test', openTest() {} }
    expect(check(engine, 'engine')).toBe(engine)
    expect(check(undefined, 'engine')).toBeUndefined()
  })

  it.each<[string, unknown, string]>([
    ['an engine of another transport', { name: 'x', openOther() {} }, "{ name: 'x', openOther"],
    ['a method that is no function', { openTest: true }, '{ openTest: true }'],
    ['a string', 'native', "'native'"],
    ['null', null, 'null'],
  ])('datagramEngine() refuses %s', (_, value, shown) => {
    const error = thrown(() => check(value, 'engine'))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toContain(
      `Invalid "engine": expected an engine for datagrams, such as \`engine\` of @sock/native, got ${shown}`,
    )
  })
})
