import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { dirname, join } from 'node:path'

let temporary = ''
jest.unstable_mockModule('node:os', () => ({ ...os, tmpdir: () => temporary }))
const { createPrivateName } = await import('../src/lib/private-name.js')

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(os.tmpdir(), 'unixgram-'))
  temporary = folder
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('createPrivateName', () => {
  it('createPrivateName() creates a folder for each name, which no other user can enter until the socket is bound', () => {
    const [first, second] = [createPrivateName(), createPrivateName()]
    expect(readdirSync(folder)).toHaveLength(2)
    expect(modeOf(dirname(first.path))).toBe(0o700)
    writeFileSync(first.path, '', { mode: 0o600 })
    first.open()
    expect([modeOf(dirname(first.path)), modeOf(first.path)]).toEqual([0o711, 0o666])
    first.remove()
    second.remove()
    expect(readdirSync(folder)).toEqual([])
  })

  it('createPrivateName() throws for a folder that is too deep, and leaves nothing there', () => {
    const deep = join(folder, 'x'.repeat(100))
    mkdirSync(deep)
    temporary = deep
    expect(thrown(() => createPrivateName())).toMatchObject({ code: 'ERR_SOCK_PATH_TOO_LONG' })
    expect(readdirSync(deep)).toEqual([])
  })

  it('createPrivateName() adds one exit listener to the process for all names, and removes it with the last', () => {
    const before = process.listenerCount('exit')
    const [first, second] = [createPrivateName(), createPrivateName()]
    expect(process.listenerCount('exit')).toBe(before + 1)
    first.remove()
    expect(process.listenerCount('exit')).toBe(before + 1)
    second.remove()
    second.remove()
    expect(process.listenerCount('exit')).toBe(before)
    expect(existsSync(second.path)).toBe(false)
  })
})
