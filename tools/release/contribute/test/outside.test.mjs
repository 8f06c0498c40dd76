import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { succeed, writeTransport } from '../outside.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-outside-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('writing a transport', () => {
  it('works in a folder of its own: it compiles, and passes the suite with node:test', async () => {
    await writeTransport(folder)
    await succeed(process.execPath, [inRoot('node_modules/typescript/bin/tsc')], folder)
    const output = await succeed(process.execPath, ['--test', '--test-reporter=tap'], folder)
    const [, passed] = /^# pass (\d+)$/m.exec(output) ?? []
    expect(Number(passed)).toBeGreaterThan(130)
    expect(output).toMatch(/^# (fail|cancelled|skipped|todo) 0$/m)
  })
})
