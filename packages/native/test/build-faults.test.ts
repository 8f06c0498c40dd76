import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../build.mjs', import.meta.url))

/** Compiles again, even if a binary exists, because of an additional flag. */
function build(...args: string[]): { status: number | null; stderr: string } {
  const env = { ...process.env, CC: '/no/such/compiler' }
  return spawnSync(process.execPath, [PROGRAM, ...args, '-g'], { encoding: 'utf8', env })
}

const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('node build.mjs without a compiler', () => {
  itOnLinux('node build.mjs without a compiler fails, and says what is missing', () => {
    const { status, stderr } = build()
    expect(stderr).toBe(
      '@sock/native: not compiled, since the C compiler "/no/such/compiler" is missing. Install one, or set CC to another\n',
    )
    expect(status).toBe(1)
  })

  itOnLinux(
    'node build.mjs without a compiler succeeds with --if-possible, and says that its tests are skipped',
    () => {
      const { status, stderr } = build('--if-possible')
      expect(stderr).toContain('Its tests are skipped')
      expect(status).toBe(0)
    },
  )
})
