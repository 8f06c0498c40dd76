import { describe, expect, it } from '@jest/globals'
import { measure, mib } from '../../bounds/measure.mjs'
import { scenarios } from '../../bounds/scenarios.mjs'

// The peak of a process is read where Linux tells it.
const onLinux = process.platform === 'linux' ? it : it.skip

describe('memory of a server', () => {
  onLinux.each(Object.keys(scenarios))('is bounded by its limits under %s', async (name) => {
    const { growth, bound, code } = await measure(name)
    process.stdout.write(`${name}: peak ${mib(growth)} above the start, ${mib(bound)} allowed\n`)
    expect(growth).toBeLessThanOrEqual(bound)
    // It could still close everything, and ended by itself.
    expect(code).toBe(0)
  })
})
