import { describe, expect, it } from '@jest/globals'
import { endAll, run, succeed } from '../src/processes.js'

const here = { cwd: import.meta.dirname, env: process.env }

describe('run()', () => {
  it('resolves with exit code and output', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'], here)).toEqual({
      code: 3,
      output: expect.stringMatching(/^(out\nerr|err\nout)\n$/),
    })
  })

  it('resolves with 127 for a program that does not exist', async () => {
    expect((await run('sock-no-such-program', [], here)).code).toBe(127)
  })
})

describe('succeed()', () => {
  it('throws with what was printed unless the exit code is 0', async () => {
    await expect(succeed('sh', ['-c', 'echo why; exit 1'], here)).rejects.toThrow(/ended with 1:\nwhy/)
  })
})

describe('endAll()', () => {
  it('ends what a program has started as well, and lets nothing more begin', async () => {
    const outcome = run('sh', ['-c', 'sleep 1000 & wait'], here)
    await endAll()
    expect((await outcome).code).toBe(137)
    expect((await run('sh', ['-c', 'true'], here)).code).toBe(127)
  })
})
