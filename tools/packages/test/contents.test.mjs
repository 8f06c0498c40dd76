import { beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inRoot, readJson } from '../../bootstrap/workspace.mjs'
import { published } from '../pack.mjs'
import { filesUnder, installInto, scratchFolder } from './support/tarballs.mjs'

const scratch = scratchFolder()
beforeAll(() => installInto(scratch))

describe.each(published())('$manifest.name', ({ folder: home, manifest: { name } }) => {
  const folder = join(scratch, 'node_modules', name)
  const packed = () => readJson(join(folder, 'package.json'))
  const files = () => filesUnder(folder)
  const endingWith = (end) => files().filter((path) => path.endsWith(end))

  it('has documents, sources and what is built of them, and nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    expect(files().filter((path) => !path.includes('/'))).toEqual(documents)
    const rest = files().filter((path) => path.includes('/'))
    for (const path of rest) expect(path).toMatch(/^(dist\/.+(\.js|\.d\.ts)(\.map)?|src\/.+\.ts)$/)
  })

  it('has four files of dist for each source', () => {
    const kinds = ['.d.ts', '.d.ts.map', '.js', '.js.map']
    const wanted = files()
      .filter((path) => path.startsWith('src/'))
      .flatMap((path) => kinds.map((kind) => path.replace('src/', 'dist/').replace(/\.ts$/, kind)))
    expect(files().filter((path) => path.startsWith('dist/'))).toEqual(wanted.toSorted())
  })

  it('has the documents of the repository', () => {
    for (const document of ['LICENSE', 'README.md'])
      expect(readFileSync(join(folder, document))).toEqual(readFileSync(inRoot(home, document)))
    expect(readFileSync(join(folder, 'LICENSE'))).toEqual(readFileSync(inRoot('LICENSE')))
  })

  it('has a changelog that knows this version', () => {
    const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
    expect(changelog).toContain(`\n## ${packed().version}\n`)
  })

  it('exports each door with its types first, and its package.json', () => {
    const doors = files().filter((path) => /^src\/[^/]+\.ts$/.test(path))
    const exported = doors.map((path) => {
      const door = path.slice('src/'.length, -'.ts'.length)
      const targets = { types: `./dist/${door}.d.ts`, default: `./dist/${door}.js` }
      return [door === 'index' ? '.' : `./${door}`, targets]
    })
    expect(packed().exports).toEqual({
      ...Object.fromEntries(exported),
      './package.json': './package.json',
    })
    // The first condition that fits wins, so `types` has to come before `default`.
    for (const targets of Object.values(packed().exports))
      if (typeof targets === 'object') expect(Object.keys(targets)).toEqual(['types', 'default'])
  })

  it('says what it is, for whom, and where it comes from', () => {
    expect(packed()).toMatchObject({
      type: 'module',
      license: 'MIT',
      sideEffects: false,
      engines: { node: '^20.19.0 || >=22.12.0' },
      repository: { type: 'git', directory: home },
      peerDependencies: { '@types/node': '>=20.19.0' },
      peerDependenciesMeta: { '@types/node': { optional: true } },
    })
    expect(packed().homepage).toContain(`/${home}#readme`)
    for (const text of ['description', 'bugs', 'author']) expect(packed()[text]).toMatch(/\S/)
  })

  it('runs nothing when it is installed', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'])
      expect(packed().scripts).not.toHaveProperty(script)
    expect(files()).not.toContain('binding.gyp')
  })

  it('depends on ranges that others can resolve', () => {
    for (const range of Object.values(packed().dependencies ?? {})) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/)
  })

  it('has source maps that hold their sources', () => {
    for (const path of endingWith('.js')) {
      expect(readFileSync(join(folder, path), 'utf8')).toMatch(/\n\/\/# sourceMappingURL=[\w-]+\.js\.map\s*$/)
      const map = readJson(join(folder, `${path}.map`))
      const sources = sourcesOf(folder, `${path}.map`, map)
      expect(map.sourcesContent).toEqual(sources.map((source) => readFileSync(source, 'utf8')))
    }
  })

  it('has declaration maps whose sources are there', () => {
    for (const path of endingWith('.d.ts.map'))
      expect(
        sourcesOf(folder, path, readJson(join(folder, path))).filter((source) => !existsSync(source)),
      ).toEqual([])
  })
})

function sourcesOf(folder, path, map) {
  expect(map.sources).toHaveLength(1)
  return map.sources.map((source) => join(folder, dirname(path), map.sourceRoot ?? '', source))
}
