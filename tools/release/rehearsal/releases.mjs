import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CORE = '@sock/core'
const NATIVE = '@sock/native'

/**
 * Releases what is due, then a patch of tcp and of the native engine, a new feature of core, and a breaking change of core.
 *
 * @returns the versions of some of these releases, by package
 */
export async function release(tree, registry, claims) {
  /** Publishes, and expects that exactly these versions are new in the registry. */
  async function publishes(expected) {
    const before = await registry.contents()
    const { code, output } = await tree.publish()
    assert.equal(code, 0, output)
    assert.deepEqual(await registry.contents(), new Set([...before, ...added(expected)]))
  }

  /** Releases the waiting change files or, if there are none, the versions as they are. */
  async function due() {
    await tree.version()
    const versions = tree.versions()
    await claims.check(`the release that is due has ${added(versions).join(', ')}, and nothing else`, () =>
      publishes(versions),
    )
    // Its script `prepack` would add one.
    await claims.check(`its ${NATIVE} contains no binary`, async () => {
      const { dist } = await registry.manifest(NATIVE, versions.get(NATIVE))
      const tarball = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer())
      assert.doesNotMatch(execFileSync('tar', ['-tz'], { input: tarball, encoding: 'utf8' }), /\.node$/m)
    })
    return versions
  }

  /** A change of one package must release it and the packages that depend on exactly its version or major, and no other. */
  async function change(name, kind, dependents = []) {
    const before = tree.versions()
    await tree.change(name, kind)
    await tree.version()
    const expected = new Map([
      [name, raise(before.get(name), kind)],
      ...dependents.map((it) => [it, raise(before.get(it), 'patch')]),
    ])
    await claims.check(`a ${kind} of ${name} releases ${added(expected).join(', ')} alone`, async () => {
      assert.deepEqual(tree.versions(), new Map([...before, ...expected]))
      await publishes(expected)
    })
    return tree.versions()
  }

  /** Nothing is published if it is not ready or, with provenance, outside of a hosted CI. */
  async function refusals() {
    const before = await registry.contents()
    const refused = (claim, reason, ...args) =>
      claims.check(`nothing is published ${claim}`, async () => {
        const { code, output } = await tree.publish(...args)
        assert.notEqual(code, 0)
        assert.match(output, reason)
        assert.deepEqual(await registry.contents(), before)
      })
    await tree.change('@sock/udp', 'patch')
    await refused('while a change file waits', /Cannot publish: change files wait/)
    await tree.version()
    const stray = join(tree.folder, 'not-committed')
    writeFileSync(stray, '')
    await refused('that is not committed', /Cannot publish: `git status` shows files/)
    rmSync(stray)
    // The failure shows that npm was asked for provenance, which nothing here can sign.
    await refused('with provenance outside of a hosted CI', /ERR_PNPM_PROVENANCE/, '--provenance')
    await tree.breakEngine()
    await refused('without all binaries', /Cannot publish: a platform has no binary\.\nCannot build /)
    await tree.mendEngine()
    await tree.git('reset', '--quiet', '--hard', 'HEAD~2')
  }

  const first = await due()
  const patchedTcp = await change('@sock/tcp', 'patch')
  await change(NATIVE, 'patch', tree.binaries)
  const extendedCore = await change(CORE, 'minor')
  await refusals()
  const dependents = tree.libraries.filter((name) => name !== CORE)
  const last = await change(CORE, 'major', [...dependents, ...tree.binaries])
  await claims.check(`all others take any ${CORE} from ${last.get(CORE)} below the next major`, async () => {
    for (const name of dependents) {
      const { dependencies } = await registry.manifest(name, last.get(name))
      assert.equal(dependencies[CORE], `^${last.get(CORE)}`, name)
    }
  })
  await claims.check('to publish again publishes nothing', () => publishes(new Map()))
  return { first, patchedTcp, extendedCore, last }
}

const added = (versions) => [...versions].map(([name, version]) => `${name}@${version}`)

function raise(version, kind) {
  const [major, minor, patch] = version.split('.').map(Number)
  if (kind === 'major') return `${major + 1}.0.0`
  return kind === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}
