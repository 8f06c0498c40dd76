import { expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { itIf } from './support/needs.js'

const PROGRAM = fileURLToPath(new URL('fuzz/run.mjs', import.meta.url))

const isCompiled = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0
if (!isCompiled) console.warn('This is not Linux, or gcc is not installed: random input is skipped')

const itCompiled = itIf(isCompiled, 'needs Linux and gcc')

itCompiled('the C functions that read addresses and control messages survive random input', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, '100000'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toContain('gcc: nothing found in 100000 inputs\n')
  expect(stdout).not.toMatch(/ERROR: |runtime error: |failed, see above/)
  expect(status).toBe(0)
})
