import { describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { run } from '@sock/tools/processes'
import { OLDEST } from '../../../checks/nodes.mjs'
import { binaries, inRoot, libraries, platformOf, published, readJson } from '../../repository.mjs'
import { filesUnder, folderOf, tarballs } from '../support.mjs'

const packed = (name) => readJson(join(folderOf(name), 'package.json'))

/** With what compiles it on systems that have no binary of their own. */
const COMPILED = { '@sock/native': ['build.mjs', 'compile.mjs'] }

describe.each(libraries())('$name', ({ folder: home, name }) => {
  const folder = folderOf(name)
  const files = (end) => filesUnder(folder).filter((path) => path.endsWith(end))

  it('has documents, sources, four files of dist for each, and nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...(COMPILED[name] ?? [])]
    const sources = filesUnder(inRoot(home, 'src')).map((path) => `src/${path}`)
    const c = name in COMPILED ? filesUnder(inRoot(home, 'c')).map((path) => `c/${path}`) : []
    const dist = sources.flatMap((path) =>
      ['.d.ts', '.d.ts.map', '.js', '.js.map'].map((kind) =>
        path.replace('src/', 'dist/').replace(/\.ts$/, kind),
      ),
    )
    expect(new Set(filesUnder(folder))).toEqual(new Set([...documents, ...sources, ...c, ...dist]))
  })

  it('takes any later version of its dependencies that breaks nothing, and the oldest Nodes that are tested', () => {
    const { dependencies = {}, engines } = packed(name)
    for (const [dependency, range] of Object.entries(dependencies))
      expect(range).toBe(`^${packed(dependency).version}`)
    expect(engines.node).toBe(`^${OLDEST[20]} || >=${OLDEST[22]}`)
  })

  it('has a changelog that begins with its version, and does not name kinds of versions', () => {
    const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
    const { version } = packed(name)
    expect(changelog.startsWith(`# ${name}\n\n## ${version}\n\n`)).toBe(true)
    expect(changelog).not.toMatch(/^###/m)
    // A first release has no change before it, and requires nothing new.
    if (version === '0.1.0') expect(changelog).toMatch(/\n\nThe first release: (?!.*Requires).*\n\n- /s)
  })

  it('has maps that lead to its sources, which source maps hold', () => {
    for (const path of [...files('.js.map'), ...files('.d.ts.map')]) {
      const { sources, sourcesContent } = readJson(join(folder, path))
      const found = sources.map((source) => join(folder, dirname(path), source))
      expect(found.filter((source) => !existsSync(source))).toEqual([])
      if (path.endsWith('.js.map'))
        expect(sourcesContent).toEqual(found.map((source) => readFileSync(source, 'utf8')))
    }
  })

  // Entry points without `main` are not for TypeScript's oldest way to resolve (node10). CommonJS gets an ES module, as it
  // is meant to: every Node that `engines` admits can require one.
  it('is right for attw', async () => {
    const attw = inRoot('tools/release/node_modules/@arethetypeswrong/cli/dist/index.js')
    const how = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-color', '--no-emoji']
    const { code, output } = await run(process.execPath, [attw, tarballs[name], ...how])
    expect([code, code === 0 ? '' : output]).toEqual([0, ''])
  })
})

describe.each(binaries())('$name', (binary) => {
  const { name } = binary
  // `npm run native:build -- --all` says why a binary is missing; CI has them all.
  const itBuilt = name in tarballs ? it : it.skip

  itBuilt('has one binary, for one system, processor and C library, in the version of @sock/native', () => {
    expect(filesUnder(folderOf(name))).toEqual(['LICENSE', 'README.md', 'package.json', 'sock_native.node'])
    const [os, cpu, libc] = platformOf(binary).split('-')
    const { version, optionalDependencies } = packed('@sock/native')
    const wanted = { os: [os], cpu: [cpu], libc: [libc === 'gnu' ? 'glibc' : libc], version }
    expect(packed(name)).toMatchObject(wanted)
    expect(optionalDependencies[name]).toBe(version)
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies'])
      expect(packed(name)).not.toHaveProperty(kind)
  })
})

describe.each(published().filter(({ name }) => name in tarballs))(
  '$name',
  ({ name, folder: home, manifest }) => {
    it('has the documents of the repository, and begins at 0.1.0', () => {
      const text = (path) => readFileSync(path, 'utf8')
      expect(text(join(folderOf(name), 'LICENSE'))).toBe(text(inRoot('LICENSE')))
      expect(text(join(folderOf(name), 'README.md'))).toBe(text(inRoot(home, 'README.md')))
      if (manifest.version === '0.0.0') expect(packed(name).version).toBe('0.1.0')
    })

    it('names the repository, with which npm compares the provenance, and its folder there', () => {
      const { repository, publishConfig } = packed(name)
      expect(repository).toEqual({
        type: 'git',
        url: 'git+https://github.com/sock-js/sock.git',
        directory: home,
      })
      expect(publishConfig?.access).toBe('public')
    })

    it('runs nothing when it is installed', () => {
      const { scripts = {} } = packed(name)
      expect(
        Object.keys(scripts).filter((script) => /install|prepare|prepublish|pack$/.test(script)),
      ).toEqual([])
      expect(filesUnder(folderOf(name)).filter((path) => path.endsWith('.gyp'))).toEqual([])
    })

    it('is right for publint, with all its suggestions', async () => {
      const how = { pkgDir: folderOf(name), pack: false, level: 'suggestion', strict: true }
      const { messages, pkg } = await publint(how)
      expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
    })
  },
)
