import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryPoints, reports } from '../entry-points.mjs'

const fresh = mkdtempSync(join(tmpdir(), 'sock-api-test-'))
afterAll(() => rmSync(fresh, { recursive: true }))
beforeAll(() => {
  const main = fileURLToPath(new URL('../main.mjs', import.meta.url))
  execFileSync(process.execPath, [main, fresh], { stdio: ['ignore', 'pipe', 'inherit'] })
})

describe('the public API', () => {
  it.each(entryPoints().map(({ report }) => report))(
    'is as api/%s says; if the change is meant, `npm run api` writes the file anew',
    (report) => {
      expect(readFileSync(join(fresh, report), 'utf8')).toBe(readFileSync(join(reports, report), 'utf8'))
    },
  )

  it('has no report for an entry point that is gone', () => {
    expect(readdirSync(reports).toSorted()).toEqual(
      entryPoints()
        .map(({ report }) => report)
        .toSorted(),
    )
  })
})
