import assert from 'node:assert/strict'
import type { Claims } from './claims.js'
import type { Registry } from './registry.js'
import type { Kind, Tree } from './tree.js'

const CORE = '@sock/core'
const NATIVE = '@sock/native'

/** The versions that the packages had after each step, by name. */
export type Versions = ReadonlyMap<string, string>

/** The releases that are rehearsed, one after the other, and the versions that each one left. */
export interface Releases {
  readonly first: Versions
  readonly patchedTcp: Versions
  readonly extendedCore: Versions
  readonly broken: Versions
}

/** Releases what waits in the repository, then a patch of tcp, of core and of the native engine, a new feature of core, and a breaking change of core. */
export async function release(tree: Tree, registry: Registry, claims: Claims): Promise<Releases> {
  const act = new Act(tree, registry, claims)
  const first = await act.first()
  const patchedTcp = await act.alone('@sock/tcp', 'patch')
  await act.alone(CORE, 'patch')
  await act.alone(NATIVE, 'patch')
  const extendedCore = await act.alone(CORE, 'minor')
  await act.refusals()
  const broken = await act.breaking()
  await act.nothingToRelease()
  await act.noInstallScripts()
  return { first, patchedTcp, extendedCore, broken }
}

class Act {
  readonly #tree: Tree
  readonly #registry: Registry
  readonly #claims: Claims

  constructor(tree: Tree, registry: Registry, claims: Claims) {
    this.#tree = tree
    this.#registry = registry
    this.#claims = claims
  }

  /** The change files that wait, or, if none do, the versions as they are. */
  async first(): Promise<Versions> {
    const sentences = this.#tree.sentences()
    await this.#tree.version()
    const versions = this.#tree.versions()
    const all = [...versions].map(([name, version]) => `${name}@${version}`).toSorted()
    await this.#claims.check(`the release that is due has ${all.join(', ')}, and nothing else`, async () => {
      for (const version of versions.values())
        assert.match(version, /^[1-9]/, `${version} is below 1.0.0: carets would pin the minor version`)
      await this.#publish()
      assert.deepEqual(await this.#registry.contents(), all)
    })
    await this.#claims.check('its changelogs say what the change files said', () => {
      for (const [name, sentence] of sentences)
        assert.ok(this.#tree.changelog(name, versions.get(name) ?? '').includes(sentence), name)
    })
    await this.#claims.check(
      `its transports take any ${CORE} from ${versions.get(CORE)} below the next major`,
      () => this.#expectRanges(versions, `^${versions.get(CORE)}`),
    )
    await this.#claims.check(
      `its ${NATIVE} takes the binaries of its own version, and no others`,
      async () => {
        const version = versions.get(NATIVE) ?? ''
        const { optionalDependencies = {} } = await this.#registry.manifest(NATIVE, version)
        for (const name of this.#tree.binaries()) assert.equal(optionalDependencies[name], version)
      },
    )
    return versions
  }

  /** A change that must release only the package that it is in; with @sock/native its binaries, which are of the same version. */
  async alone(name: string, kind: Kind): Promise<Versions> {
    const before = { versions: this.#tree.versions(), contents: await this.#registry.contents() }
    const sentence = `A ${kind} of ${name}`
    await this.#tree.change(name, kind, sentence)
    await this.#tree.version()
    const versions = this.#tree.versions()
    const next = raise(before.versions.get(name) ?? '', kind)
    const names = name === NATIVE ? [name, ...this.#tree.binaries()] : [name]
    await this.#claims.check(`a ${kind} of ${name} releases ${names.join(', ')} ${next} alone`, async () => {
      assert.deepEqual(versions, new Map([...before.versions, ...names.map((it) => [it, next] as const)]))
      await this.#publish()
      const added = names.map((it) => `${it}@${next}`)
      assert.deepEqual(await this.#registry.contents(), [...before.contents, ...added].toSorted())
    })
    await this.#claims.check(`its changelog says so`, () =>
      assert.ok(this.#tree.changelog(name, next).includes(sentence)),
    )
    return versions
  }

  /** A breaking change of core must release it and everybody who depends on it. */
  async breaking(): Promise<Versions> {
    const before = { versions: this.#tree.versions(), contents: await this.#registry.contents() }
    await this.#tree.change(CORE, 'major', 'A breaking change of @sock/core')
    await this.#tree.version()
    const versions = this.#tree.versions()
    const next = raise(before.versions.get(CORE) ?? '', 'major')
    const expected = new Map(
      [...before.versions].map(([name, version]) => [name, name === CORE ? next : raise(version, 'patch')]),
    )
    const added = [...expected].map(([name, version]) => `${name}@${version}`)
    await this.#claims.check(`a breaking change of ${CORE} releases ${added.join(', ')}`, async () => {
      assert.deepEqual(versions, expected)
      await this.#publish()
      assert.deepEqual(await this.#registry.contents(), [...before.contents, ...added].toSorted())
    })
    await this.#claims.check(
      `the transports of that release take any ${CORE} from ${next} below the next major`,
      () => this.#expectRanges(versions, `^${next}`),
    )
    await this.#claims.check('their changelogs name the core that they need', () => {
      for (const [name, version] of this.#dependents(versions))
        assert.ok(this.#tree.changelog(name, version).includes(`${CORE}@${next}`), name)
    })
    return versions
  }

  /** Nothing of ours runs when it is installed. */
  async noInstallScripts(): Promise<void> {
    await this.#claims.check('no package has a script that runs when it is installed', async () => {
      for (const name of this.#tree.versions().keys()) {
        const packument = await this.#registry.packument(name)
        for (const [version, manifest] of Object.entries(packument?.versions ?? {})) {
          const { scripts = {}, hasInstallScript = false } = manifest
          const found = Object.keys(scripts).filter((script) => INSTALL_SCRIPTS.has(script))
          assert.deepEqual([found, hasInstallScript], [[], false], `${name}@${version}`)
        }
      }
    })
  }

  /** What must not be published: what is not ready, and, with provenance, anything outside of a hosted CI. */
  async refusals(): Promise<void> {
    const before = await this.#registry.contents()
    const refused = async (reason: RegExp, ...args: string[]) => {
      const { code, output } = await this.#tree.publish(...args)
      assert.notEqual(code, 0)
      assert.match(output, reason)
      assert.deepEqual(await this.#registry.contents(), before)
    }
    await this.#tree.change('@sock/udp', 'patch', 'A patch of @sock/udp')
    await this.#claims.check('nothing is published while a change file waits', () =>
      refused(/Cannot publish: change files wait/),
    )
    await this.#tree.version()
    await this.#claims.check('nothing is published that is not committed', async () => {
      await this.#tree.whileChanged(() => refused(/Cannot publish: there is something that is not committed/))
    })
    // It shows that provenance is asked for: there is nothing here that could sign it.
    await this.#claims.check('with provenance, nothing is published outside of a hosted CI', () =>
      refused(/ERR_PNPM_PROVENANCE/, '--provenance'),
    )
    // On a machine without any compiler there is none that could be missing.
    if (this.#tree.binaries().length > 0)
      await this.#claims.check('nothing is published when a binary is missing and cannot be built', () =>
        this.#tree.withoutCompilers(() =>
          refused(/Cannot publish: a platform has no binary\.\nCannot build /),
        ),
      )
    await this.#tree.git('reset', '--quiet', '--hard', 'HEAD~2')
  }

  async nothingToRelease(): Promise<void> {
    await this.#claims.check('to publish again publishes nothing', async () => {
      const before = await this.#registry.contents()
      await this.#publish()
      assert.deepEqual(await this.#registry.contents(), before)
    })
  }

  async #publish(): Promise<void> {
    const { code, output } = await this.#tree.publish()
    assert.equal(code, 0, output)
  }

  async #expectRanges(versions: Versions, range: string): Promise<void> {
    for (const [name, version] of this.#dependents(versions)) {
      const { dependencies } = await this.#registry.manifest(name, version)
      assert.equal(dependencies?.[CORE], range, name)
    }
  }

  /** Those that depend on core: all that is JavaScript. */
  #dependents(versions: Versions): [name: string, version: string][] {
    const libraries = this.#tree.libraries().filter((name) => name !== CORE)
    return [...versions].filter(([name]) => libraries.includes(name))
  }
}

const INSTALL_SCRIPTS = new Set([
  'preinstall',
  'install',
  'postinstall',
  'preprepare',
  'prepare',
  'postprepare',
])

function raise(version: string, kind: Kind): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (kind === 'major') return `${major + 1}.0.0`
  return kind === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}
