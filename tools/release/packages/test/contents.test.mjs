import { beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inRoot, readJson } from '../../../checks/bootstrap/workspace.mjs'
import { binaries, libraries, published } from '../pack.mjs'
import { filesUnder, installInto, scratchFolder, tarballs } from './support/tarballs.mjs'

const scratch = scratchFolder()
beforeAll(() => installInto(scratch))

const folderOf = (name) => join(scratch, 'node_modules', name)

/** With what compiles it on systems that have no binary of their own. */
const COMPILED = { '@sock/native': ['build.mjs', 'compile.mjs'] }

describe.each(libraries())('$manifest.name', ({ folder: home, manifest: { name } }) => {
  const folder = folderOf(name)
  const packed = () => readJson(join(folder, 'package.json'))
  const files = () => filesUnder(folder)
  const endingWith = (end) => files().filter((path) => path.endsWith(end))

  it('has documents, sources and what is built of them, and nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md']
    expect(files().filter((path) => !path.includes('/'))).toEqual([
      ...documents,
      ...(COMPILED[name] ?? []),
      'package.json',
    ])
    const rest = files().filter((path) => path.includes('/'))
    const known = [/^dist\/.+(\.js|\.d\.ts)(\.map)?$/, /^src\/.+\.ts$/]
    if (name in COMPILED) known.push(/^c\/\w+\.[ch]$/)
    expect(rest.filter((path) => !known.some((pattern) => pattern.test(path)))).toEqual([])
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

describe('@sock/native', () => {
  const packed = () => readJson(join(folderOf('@sock/native'), 'package.json'))

  it('has the C sources of the repository, each of them', () => {
    const sources = (folder) => filesUnder(join(folder, 'c'))
    expect(sources(folderOf('@sock/native'))).toEqual(sources(inRoot('packages/native')))
  })

  it('asks for the binaries of its own version, and no other', () => {
    const wanted = binaries().map(({ manifest }) => [manifest.name, packed().version])
    expect(wanted).toHaveLength(4)
    expect(packed().optionalDependencies).toEqual(Object.fromEntries(wanted))
  })
})

/** `npm run native:build -- --all` says what is missing; CI has it all. */
const describeBuilt = ({ manifest: { name } }) => (name in tarballs ? describe : describe.skip)

for (const binary of binaries()) {
  describeBuilt(binary)(binary.manifest.name, () => {
    const { folder: home, manifest } = binary
    const folder = folderOf(manifest.name)
    const packed = () => readJson(join(folder, 'package.json'))
    const [, os, cpu, libc] = /-(\w+)-(\w+)-(\w+)$/.exec(manifest.name)

    it('has one binary, its documents, and nothing else', () => {
      expect(filesUnder(folder)).toEqual(['LICENSE', 'README.md', 'package.json', 'sock_native.node'])
      for (const document of ['LICENSE', 'README.md'])
        expect(readFileSync(join(folder, document))).toEqual(readFileSync(inRoot(home, document)))
      expect(readFileSync(join(folder, 'LICENSE'))).toEqual(readFileSync(inRoot('LICENSE')))
    })

    it('is for one system, processor and C library', () => {
      expect(packed()).toMatchObject({ os: [os], cpu: [cpu], libc: [libc === 'gnu' ? 'glibc' : libc] })
      const elf = readFileSync(join(folder, packed().main))
      expect(elf.subarray(0, 4).toString('latin1')).toBe('\x7fELF')
      expect(elf.readUInt16LE(E_MACHINE)).toBe(MACHINES[cpu])
    })

    it('has the version of @sock/native, and needs nothing', () => {
      expect(packed().version).toBe(readJson(join(folderOf('@sock/native'), 'package.json')).version)
      for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies'])
        expect(packed()).not.toHaveProperty(kind)
    })

    it('says what it is, for whom, and where it comes from', () => {
      expect(packed()).toMatchObject({
        license: 'MIT',
        engines: { node: '^20.19.0 || >=22.12.0' },
        repository: { type: 'git', directory: home },
      })
      expect(packed().homepage).toContain(`/${home}#readme`)
      for (const text of ['description', 'bugs', 'author']) expect(packed()[text]).toMatch(/\S/)
    })
  })
}

/** Where the header of a binary says for which processor it is, and how: elf(5). */
const E_MACHINE = 18
const MACHINES = { x64: 62, arm64: 183 }

describe('every package', () => {
  it.each(Object.keys(tarballs))('runs nothing when it is installed, and is not built: %s', (name) => {
    const { scripts = {}, gypfile } = readJson(join(folderOf(name), 'package.json'))
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'prepack'])
      expect(scripts).not.toHaveProperty(script)
    expect(gypfile).toBe(undefined)
    expect(filesUnder(folderOf(name)).filter((path) => path.endsWith('.gyp'))).toEqual([])
  })

  it('begins at 1.0.0 or above', () => {
    for (const { manifest } of published().filter(({ manifest: { name } }) => name in tarballs))
      expect(readJson(join(folderOf(manifest.name), 'package.json')).version).toMatch(/^[1-9]/)
  })
})

function sourcesOf(folder, path, map) {
  expect(map.sources).toHaveLength(1)
  return map.sources.map((source) => join(folder, dirname(path), map.sourceRoot ?? '', source))
}
