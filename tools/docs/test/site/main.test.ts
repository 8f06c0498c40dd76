import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

describe('npm run site', () => {
  it.each(['70000', '-1', 'http'])('says in one sentence that --port %s is none', (port) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, `--port=${port}`], {
      encoding: 'utf8',
    })
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      `Invalid "--port": expected a whole number from 0 to 65535, got "${port}"\n`,
    ])
  })
})
