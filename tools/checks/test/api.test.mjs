import { afterAll, expect, it } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from '../repository.mjs'

const fresh = mkdtempSync(join(tmpdir(), 'sock-api-test-'))
afterAll(() => rmSync(fresh, { recursive: true }))

it('the public API is what api/ says; if you mean to change it, run `npm run api`', () => {
  execFileSync(process.execPath, [inRoot('tools/checks/api.mjs'), fresh])
  const { stdout } = spawnSync('git', ['diff', '--no-index', inRoot('api'), fresh], { encoding: 'utf8' })
  expect(stdout).toBe('')
})
