import { describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeSize, doors, loadedBy } from '../loaded.mjs'
import { excesses, sizesAreKept } from '../sizes.mjs'
import { scratchFolder } from './support/tarballs.mjs'

const scratch = scratchFolder()

describe('codeSize()', () => {
  it('codeSize() leaves comments out', () => {
    const path = join(scratch, 'a.js')
    writeFileSync(path, '/** What it is. */\nexport const a = 1\n// what else\n')
    expect(codeSize(path)).toBe('export const a = 1;\n'.length)
  })
})

describe('loadedBy()', () => {
  it('loadedBy() follows imports into other packages, and not those of types', () => {
    const loaded = [...loadedBy(doors()['@sock/unix'])]
    expect(loaded).toContain('packages/unix/dist/lib/unix-server.js')
    expect(loaded).toContain('packages/core/dist/lib/stream/connection.js')
    expect(loaded).not.toContain('packages/core/dist/datagram.js')
  })
})

describe('entry points of core', () => {
  const machinery = (door, kind) =>
    [...loadedBy(doors()[door])].filter((path) => path.startsWith(`packages/core/dist/lib/${kind}/`))

  it('@sock/core/transport loads no machinery, and that of one kind loads none of the other', () => {
    const loaded = ['transport', 'datagram', 'stream'].map((door) =>
      ['stream', 'datagram'].filter((kind) => machinery(`@sock/core/${door}`, kind).length > 0),
    )
    expect(loaded).toEqual([[], ['datagram'], ['stream']])
  })
})

describe('excesses()', () => {
  const bounds = { a: { packed: 10, loaded: 5 } }

  it('excesses() is empty when everything is within its bounds', () => {
    expect(excesses([{ name: 'a', packed: 10, loaded: 5 }], bounds)).toEqual([])
  })

  it('excesses() names what has grown, and what has no bound', () => {
    expect(excesses([{ name: 'a', packed: 11, loaded: 5 }], bounds)).toEqual([
      'a: packed is 11 KB, more than 10',
    ])
    expect(
      excesses(
        [
          { name: 'a', loaded: 6 },
          { name: 'b', loaded: 1 },
        ],
        bounds,
      ),
    ).toHaveLength(2)
  })
})

describe('sizesAreKept()', () => {
  it('no package, and no entry point, is larger than its bound', async () => {
    expect(await sizesAreKept()).toBe(true)
  })
})
