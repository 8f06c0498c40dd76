import { describe, expect, it } from '@jest/globals'
import { checkReusePort, hasReusePort } from '../../src/lib/address/reuse-port.js'

describe('hasReusePort', () => {
  it.each([
    ['18.20.8', false],
    ['20.19.0', false],
    ['20.20.2', false],
    ['21.7.3', false],
    ['22.0.0', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['22.20.1', true],
    ['23.0.0', false],
    ['23.1.0', true],
    ['24.0.0', true],
    ['26.0.0-nightly', true],
  ])('hasReusePort() of Node %s is %s', (version, expected) => {
    expect(hasReusePort(version)).toBe(expected)
  })
})

describe('checkReusePort', () => {
  it('checkReusePort() throws ERR_SOCK_UNSUPPORTED only for true, on a Node that would ignore it', () => {
    checkReusePort(false)
    const check = expect(() => checkReusePort(true))
    if (hasReusePort(process.versions.node)) check.not.toThrow()
    else check.toThrow(expect.objectContaining({ code: 'ERR_SOCK_UNSUPPORTED' }))
  })
})
