import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describeNative } from './support/needs.js'

const PROGRAM = fileURLToPath(new URL('fuzz/batch/run.mjs', import.meta.url))

describeNative('the batch protocol', () => {
  // `npm run native:check -- --batch` plays more of them, with sanitizers.
  it('survives random use, also wrong use: bytes and datagrams arrive whole, and where they belong', () => {
    const args = [PROGRAM, '--seed', '1', '--seeds', '6', '--steps', '500']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^6 seeds from 1 on, \d{4,} events, 0 faults\n$/)
    expect(status).toBe(0)
  })
})
