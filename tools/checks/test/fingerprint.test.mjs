import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { tmpdir } from 'node:os'
import { fingerprint } from '../bootstrap/fingerprint.mjs'
import { root } from '../bootstrap/workspace.mjs'

describe('fingerprint()', () => {
  let folder
  const now = () => fingerprint([relative(root, folder)])

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sock-fingerprint-'))
    mkdirSync(join(folder, 'deep'))
    writeFileSync(join(folder, 'deep', 'a'), 'one')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('fingerprint() is the same as long as nothing changes', () => {
    expect(now()).toBe(now())
  })

  it('fingerprint() differs when a content, a name or the salt differs', () => {
    const before = now()
    writeFileSync(join(folder, 'deep', 'a'), 'two')
    const edited = now()
    renameSync(join(folder, 'deep', 'a'), join(folder, 'deep', 'b'))
    expect(new Set([before, edited, now(), fingerprint([], 'salt'), fingerprint([])]).size).toBe(5)
  })

  it('fingerprint() takes what is missing for empty', () => {
    expect(fingerprint(['no/such/folder'])).toBe(fingerprint([]))
  })
})
