import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../c')
const COMMENT = /\/\*.*?\*\//gs

/** Statements of the addon, without comments; `check.c` is what the macro itself is made of. */
const statements = readdirSync(folder)
  .filter((name) => name.endsWith('.c') && name !== 'check.c')
  .flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8').replaceAll(COMMENT, '')
    return text.split(/[;{}]/).map((statement) => `${name}: ${statement.trim().replaceAll(/\s+/g, ' ')}`)
  })

describe('the sources in C', () => {
  it('call Node-API in the macro that checks, or say that a refusal is expected', () => {
    const calls = statements.filter((text) => /\bnapi_[a-z0-9_]+\(/.test(text))
    expect(calls.length).toBeGreaterThan(50)
    const isChecked = /\bNAPI\(|!= napi_ok\)|\(void\)napi_|napi_refused\(|napi_register_module_v1\(/
    expect(calls.filter((text) => !isChecked.test(text))).toEqual([])
  })

  it('take a source for what embeds it only where its kind is looked at', () => {
    const casts = statements.filter((text) => /\(struct (?:stream|listener|datagram_socket) \*\)/.test(text))
    expect(casts).toEqual([])
    expect(statements.filter((text) => text.includes('SOURCE_AS(')).length).toBeGreaterThan(5)
  })
})
