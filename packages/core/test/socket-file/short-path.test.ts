import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_PATH_BYTES } from '../../src/lib/address/unix-target.js'
import { absolute, bindable, withShortPath } from '../../src/lib/socket-file/short-path.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

/** A path of exactly this many bytes. */
const pathOf = (bytes: number): string => `/${'x'.repeat(bytes - 1)}`

describe('absolute', () => {
  it('absolute() puts the working directory before a relative path, and normalises nothing', () => {
    expect(absolute('a/../b.sock')).toBe(`${process.cwd()}/a/../b.sock`)
    expect(absolute('./b.sock')).toBe(`${process.cwd()}/./b.sock`)
    expect(absolute('/a/../b.sock')).toBe('/a/../b.sock')
  })
})

describe('bindable', () => {
  it('bindable() returns the absolute path if the system takes it, otherwise the given one', () => {
    const here = process.cwd()
    // Jest may run in a folder whose path leaves no room.
    process.chdir(tmpdir())
    try {
      expect(bindable('a.sock')).toBe(`${process.cwd()}/a.sock`)
      const long = 'x'.repeat(MAX_PATH_BYTES)
      expect(bindable(long)).toBe(long)
    } finally {
      process.chdir(here)
    }
  })
})

describe('withShortPath', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'core-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A folder whose path fits no socket address. */
  function longFolder(): string {
    const path = join(folder, 'x'.repeat(MAX_PATH_BYTES))
    mkdirSync(path)
    return path
  }

  const descriptors = (): number => readdirSync('/proc/self/fd').length

  it('withShortPath() passes on a path of up to the limit, in bytes', async () => {
    for (const path of [pathOf(MAX_PATH_BYTES), `/${'é'.repeat((MAX_PATH_BYTES - 1) / 2)}`]) {
      expect(await withShortPath(path, (given) => Promise.resolve(given))).toBe(path)
    }
  })

  itOnLinux(
    'withShortPath() passes a short name for the same file, which is valid until `use` settles',
    async () => {
      const path = join(longFolder(), 'app.sock')
      const before = descriptors()
      const result = await withShortPath(path, async (short) => {
        expect(Buffer.byteLength(short)).toBeLessThanOrEqual(MAX_PATH_BYTES)
        await Promise.resolve()
        writeFileSync(short, '')
        return 'done'
      })
      expect([result, readdirSync(join(path, '..'))]).toEqual(['done', ['app.sock']])
      expect(descriptors()).toBe(before)
    },
  )

  itOnLinux('withShortPath() rejects with what `use` rejects, and leaves no descriptor', async () => {
    const before = descriptors()
    const failure = new Error('oops')
    const path = join(longFolder(), 'app.sock')
    expect(await rejection(withShortPath(path, () => Promise.reject(failure)))).toBe(failure)
    expect(descriptors()).toBe(before)
  })

  it('withShortPath() rejects with ERR_SOCK_PATH_TOO_LONG if the name alone is too long, and calls nothing', async () => {
    const path = join(folder, 'x'.repeat(MAX_PATH_BYTES))
    const error = await rejection(withShortPath(path, () => Promise.reject(new Error('called'))))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_PATH_TOO_LONG',
      message: `Cannot use the socket path "${path}": it is too long to be created safely. Use a shorter path`,
    })
  })

  it('withShortPath() rejects with the error of the system if the folder does not exist', async () => {
    const path = join(folder, 'none', 'x'.repeat(MAX_PATH_BYTES))
    expect(await rejection(withShortPath(path, () => Promise.resolve()))).toMatchObject({ code: 'ENOENT' })
  })
})
