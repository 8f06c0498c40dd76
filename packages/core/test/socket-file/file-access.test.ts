import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseUnixTarget } from '../../src/lib/address/unix-target.js'
import { setMode, setOwner } from '../../src/lib/socket-file/file-access.js'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-'))
  file = join(folder, 'hidden')
  writeFileSync(file, '', { mode: 0o600 })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = '/run/app.sock'
const endpoint = (options: { mode?: number; uid?: number; gid?: number }) =>
  parseUnixTarget({ path, ...options })
const missing = (): string => join(folder, 'none')

describe('setMode', () => {
  it('setMode() sets the mode, whatever the umask', () => {
    setMode(file, endpoint({ mode: 0o666 }))
    expect(statSync(file).mode & 0o777).toBe(0o666)
  })

  it('setMode() throws an error that names the option and the target, not the file that has its name later', () => {
    const error = thrown(() => setMode(missing(), endpoint({ mode: 0o660 })))
    expect(error).toMatchObject({
      message: `Cannot set "mode" 0o660 of "${path}": no such file or directory`,
      code: 'ENOENT',
      syscall: 'chmod',
      path,
      cause: { code: 'ENOENT', path: missing() },
    })
  })
})

describe('setOwner', () => {
  const own = { uid: process.getuid?.() as number, gid: process.getgid?.() as number }

  it('setOwner() without "uid" and "gid" touches nothing', () => {
    expect(() => setOwner(missing(), endpoint({}), own)).not.toThrow()
  })

  it('setOwner() sets what is given, and keeps the rest', () => {
    for (const given of [own, { uid: own.uid }, { gid: own.gid }]) {
      setOwner(file, endpoint(given), { uid: BigInt(own.uid), gid: BigInt(own.gid) })
      expect(statSync(file)).toMatchObject(own)
    }
  })

  it('setOwner() follows no link, which another user may have put there', () => {
    const link = join(folder, 'link')
    symlinkSync(missing(), link)
    expect(() => setOwner(link, endpoint(own), own)).not.toThrow()
  })

  it.each([
    [{ uid: 1 }, '"uid" 1'],
    [{ gid: 2 }, '"gid" 2'],
    [{ uid: 1, gid: 2 }, '"uid" 1 and "gid" 2'],
  ])('setOwner() throws an error that names the options: %j', (options, words) => {
    const error = thrown(() => setOwner(missing(), endpoint(options), own))
    expect(error).toMatchObject({
      message: `Cannot set ${words} of "${path}": no such file or directory`,
      code: 'ENOENT',
      syscall: 'lchown',
    })
  })
})
