import { describe, expect, it } from '@jest/globals'
import { measure, mebibytes } from '../src/bounds/measure.js'
import { scenarios } from '../src/bounds/scenarios.js'

// The peak of a process is read where Linux tells it.
const onLinux = process.platform === 'linux' ? it : it.skip

describe('memory of a server', () => {
  onLinux.each(Object.keys(scenarios))('is bounded by its limits under %s', async (name) => {
    const { growth, bound, ended } = await measure(name)
    process.stdout.write(`${name}: peak ${mebibytes(growth)} above the start, ${mebibytes(bound)} allowed\n`)
    expect(growth).toBeLessThanOrEqual(bound)
    // It could still close everything, and ended by itself.
    expect(ended).toBeUndefined()
  })
})
