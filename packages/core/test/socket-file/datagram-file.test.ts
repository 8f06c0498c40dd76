import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindSocketFile } from '../../src/lib/socket-file/datagram-file.js'
import { parseUnixTarget, type UnixTarget } from '../../src/lib/address/unix-target.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'core-'))
  path = join(folder, 'app.sock')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const never = (): never => {
  throw new Error('there is nothing to probe')
}

/** Makes a file as the system does for a socket: with all that the umask leaves. */
const touch = (name: string): void => writeFileSync(name, '', { mode: 0o777, flag: 'wx' })

const bind = (target: UnixTarget, act = touch) =>
  bindSocketFile(parseUnixTarget(target), { bind: act, probe: never })

/** Returns the umask. Setting it returns the old value; reading it without setting is deprecated. */
function umaskNow(): number {
  const umask = process.umask(0o022)
  process.umask(umask)
  return umask
}

describe('bindSocketFile', () => {
  it.each([0o600, 0o660, 0o666, 0o777, 0])('bindSocketFile() binds with mode %i from the start', (mode) => {
    const umask = umaskNow()
    let first = 0
    let name = ''
    bind({ path, mode }, (at) => {
      name = at
      touch(at)
      first = statSync(at).mode & 0o777
    })
    expect([name, first, statSync(path).mode & 0o777]).toEqual([path, mode, mode])
    expect(umaskNow()).toBe(umask)
  })

  it('bindSocketFile() gives a file the bits of the group only when it has that group', () => {
    const gid = process.getgid?.() as number
    let first = 0
    bind({ path, mode: 0o664, gid }, (at) => {
      touch(at)
      first = statSync(at).mode & 0o777
    })
    expect([first, statSync(path).mode & 0o777]).toEqual([0o604, 0o664])
  })

  itOnLinux(
    'bindSocketFile() gives its mode to the descriptor before it binds, and leaves the umask alone',
    () => {
      const umask = umaskNow()
      const descriptor = openSync(join(folder, 'socket'), 'w', 0o777)
      const seen: number[] = []
      const actions = {
        bind(name: string) {
          seen.push(fstatSync(descriptor).mode & 0o777, umaskNow())
          writeFileSync(name, '', { mode: 0, flag: 'wx' })
        },
        probe: never,
        descriptor,
      }
      try {
        bindSocketFile(parseUnixTarget({ path, mode: 0o620 }), actions)
        expect([...seen, statSync(path).mode & 0o777]).toEqual([0o620, umask, 0o620])
      } finally {
        closeSync(descriptor)
      }
    },
  )

  it('bindSocketFile() restores the umask when binding fails', () => {
    const umask = umaskNow()
    expect(() => bind({ path }, () => never())).toThrow('there is nothing to probe')
    expect(umaskNow()).toBe(umask)
    expect(existsSync(path)).toBe(false)
  })

  it('bindSocketFile() tries again if another process was faster, and gives up after several times', () => {
    let tries = 0
    const taken = (): never => {
      tries += 1
      throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
    }
    expect(() => bind({ path }, taken)).toThrow(expect.objectContaining({ code: 'ERR_SOCK_PATH_IN_USE' }))
    expect(tries).toBe(20)
  })

  it('bindSocketFile() returns a file that can be removed', () => {
    const file = bind({ path })
    file.remove()
    expect(readdirSync(folder)).toEqual([])
  })
})
