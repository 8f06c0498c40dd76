import { describe, expect, it } from '@jest/globals'
import { run } from '../bootstrap/child.mjs'

describe('run()', () => {
  const node = (script) => run(process.execPath, ['-e', script])

  it('run() collects what the program prints on both streams, and its exit code', async () => {
    const { code, output } = await node('console.log("out"); console.error("err"); process.exitCode = 3')
    expect([code, output.split('\n').toSorted()]).toEqual([3, ['', 'err', 'out']])
  })

  it('run() resolves with 128 + n when signal n ended the program', async () => {
    expect(await node('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)')).toMatchObject({
      code: 137,
    })
  })

  it('run() resolves with 127 when there is no such program', async () => {
    expect(await run('no-such-program', [])).toMatchObject({ code: 127 })
  })
})
