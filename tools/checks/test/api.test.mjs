import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from '../repository.mjs'

const committed = inRoot('api')
const reports = readdirSync(committed)
const fresh = mkdtempSync(join(tmpdir(), 'sock-api-test-'))
beforeAll(() => execFileSync(process.execPath, [inRoot('tools/checks/api.mjs'), fresh]))
afterAll(() => rmSync(fresh, { recursive: true }))

describe('the public API', () => {
  it.each(reports)('is what api/%s says; if you mean to change it, run `npm run api`', (report) => {
    expect(readFileSync(join(fresh, report), 'utf8')).toBe(readFileSync(join(committed, report), 'utf8'))
  })

  it('has a report for every entry point, and no other', () => {
    expect(readdirSync(fresh)).toEqual(reports)
  })
})
