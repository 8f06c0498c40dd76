import { describe, expect, it } from '@jest/globals'
import { boundaries } from '../rules/boundaries.mjs'
import { doors } from '../rules/doors.mjs'
import { portable } from '../rules/portable.mjs'

// Put together, so that this file keeps the rule it tests.
const home = ['', 'home', 'ada', 'sock'].join('/')
const registry = ['regis', 'try'].join('')
const host = `${registry}.example.org`

describe('portable()', () => {
  it('portable() finds an absolute path, wherever it stands', () => {
    for (const text of [home, `cd ${home}`, `"${home}"`, `file://${home}`])
      expect(portable('a.md', text)).toHaveLength(1)
  })

  it('portable() lets relative paths, URLs and routes be', () => {
    expect(portable('a.md', `.${home} ~${home} https://example.org${home} /tmp/x`)).toEqual([])
  })

  it('portable() finds a registry as host, as setting and in a lock file', () => {
    expect(portable('pnpm-lock.yaml', `  resolved: https://${host}/ws/-/ws-8.0.0.tgz`)).toHaveLength(1)
    expect(portable('pnpm-lock.yaml', ['    tarball', ' https://example.org/ws.tgz'].join(':'))).toHaveLength(
      1,
    )
    expect(portable('.npmrc', `${registry}=https://example.org`)).toHaveLength(1)
  })

  it('portable() lets code that speaks of a registry be', () => {
    expect(
      portable(
        'a.ts',
        'const registry = new Map()\nthis.registry.ids.delete(id)\nregistry: Registry, // yes',
      ),
    ).toEqual([])
  })
})

describe('doors()', () => {
  const door = 'packages/tcp/src/index.ts'

  it('doors() accepts re-exports and comments', () => {
    const text =
      "/** Door. */\nexport { a, type B } from './lib/a.js'\n// rest\nexport type * from './lib/types.js'\n"
    expect(doors(door, text)).toEqual([])
    expect(doors(door, "export type {\n  Address,\n  Server,\n} from '@sock/core'\n")).toEqual([])
  })

  it('doors() finds a statement of any other kind', () => {
    for (const text of [
      "import './lib/a.js'",
      'export const a = 1',
      "export * from 'node:net'",
      "export * from './a.js'",
    ])
      expect(doors(door, text)).toHaveLength(1)
  })

  it('doors() looks at doors only', () => {
    expect(doors('packages/tcp/src/lib/a.ts', 'export const a = 1')).toEqual([])
    expect(doors('tools/demo/src/main.ts', 'run()')).toEqual([])
  })
})

describe('boundaries()', () => {
  const problems = (path, module) => boundaries(path, `import { a } from '${module}'`)

  it('boundaries() lets a transport import core, node: and itself', () => {
    for (const module of ['@sock/core', '@sock/core/stream', 'node:net', './a.js', '../a.js'])
      expect(problems('packages/unix/src/lib/b/c.ts', module)).toEqual([])
  })

  it('boundaries() finds a transport that imports another, also in tests and with a name that begins alike', () => {
    expect(problems('packages/unix/src/lib/a.ts', '@sock/unixgram')).toHaveLength(1)
    expect(problems('packages/unix/test/a.test.ts', '@sock/tcp')).toHaveLength(1)
    expect(problems('packages/unix/test/a.test.ts', '../../tcp/src/index.js')).toHaveLength(1)
  })

  it('boundaries() lets tests of a transport, and nothing else of it, import the native engine', () => {
    expect(problems('packages/unix/test/a.test.ts', '@sock/native')).toEqual([])
    expect(problems('packages/unix/src/lib/a.ts', '@sock/native')).toHaveLength(1)
    expect(problems('packages/native/test/a.test.ts', '@sock/unix')).toHaveLength(1)
  })

  it('boundaries() finds a dependency in sources, but not in tests', () => {
    expect(problems('packages/tcp/src/lib/a.ts', 'ws')).toHaveLength(1)
    expect(problems('packages/tcp/test/a.test.ts', 'ws')).toEqual([])
    expect(problems('packages/unixgram/src/lib/a.ts', 'unix-dgram')).toEqual([])
  })

  it('boundaries() finds a core that imports a transport or a test runner', () => {
    expect(problems('packages/core/src/lib/a.ts', '@sock/tcp')).toHaveLength(1)
    expect(problems('packages/testing/src/lib/a.ts', '@jest/globals')).toHaveLength(1)
  })

  it('boundaries() keeps the two halves of core apart', () => {
    expect(problems('packages/core/src/lib/stream/a.ts', '../datagram/b.js')).toHaveLength(1)
    expect(problems('packages/core/src/lib/datagram/a.ts', '../stream/b.js')).toHaveLength(1)
    expect(problems('packages/core/src/lib/datagram/a.ts', 'node:dgram')).toHaveLength(1)
    expect(problems('packages/core/src/lib/stream/a.ts', '../errors.js')).toEqual([])
  })

  it('boundaries() keeps machinery out of what any transport needs', () => {
    for (const folder of ['address', 'options', 'socket-file'])
      for (const kind of ['stream', 'datagram'])
        expect(problems(`packages/core/src/lib/${folder}/a.ts`, `../${kind}/b.js`)).toHaveLength(1)
    expect(problems('packages/core/src/lib/socket-file/a.ts', '../address/b.js')).toEqual([])
    expect(problems('packages/testing/src/lib/a.ts', './stream/b.js')).toEqual([])
  })

  it('boundaries() sees type imports, dynamic imports and re-exports, but no comments', () => {
    const path = 'packages/tcp/src/lib/a.ts'
    for (const text of [
      "import type { A } from 'ws'",
      "await import('ws')",
      "export * from 'ws'",
      "import 'ws'",
    ])
      expect(boundaries(path, text)).toHaveLength(1)
    expect(boundaries(path, "// import 'ws'\n/* import 'ws' */\n/** from 'ws' */")).toEqual([])
  })
})
