import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { parseListenTarget } from '../src/lib/udp-target.js'

/** An engine with and without `reusePort` on every version of Node. */
const [able, unable] = [{ canReusePort: true }, { canReusePort: false }]

describe('parseListenTarget', () => {
  it('parseListenTarget() fills in every option', () => {
    const rest = { ipv6Only: false, reuseAddress: false, reusePort: false }
    expect(parseListenTarget(':53')).toMatchObject({ ...rest, host: undefined, port: 53 })
    expect(parseListenTarget('[::1]:0')).toMatchObject({ ...rest, host: '::1', port: 0 })
    const target = { host: '::', port: 9, ipv6Only: true, reuseAddress: true }
    expect(parseListenTarget(target)).toMatchObject({ ...target, reusePort: false })
  })

  it('parseListenTarget() always has the property host, which an engine may spread', () => {
    expect(Object.keys(parseListenTarget({ port: 0 }))).toContain('host')
  })

  it.each<[string, unknown, string]>([
    ['an unknown option', { port: 1, broadcast: true }, '"broadcast"'],
    ['an option of a wrong type', { port: 1, reuseAddress: 1 }, '"reuseAddress"'],
    ['a port out of range', { port: 65_536 }, '65536'],
  ])('parseListenTarget() refuses %s, and names it', (_, target, named) => {
    expect(thrown(() => parseListenTarget(target as string)).message).toContain(named)
  })

  it('parseListenTarget() allows reusePort with an engine that supports it on every version of Node', () => {
    expect(parseListenTarget({ port: 1, reusePort: true }, able).reusePort).toBe(true)
    // Without reusePort, an engine need not support it.
    expect(parseListenTarget({ port: 1 }, unable).reusePort).toBe(false)
  })
})
