import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { inc } from 'semver'

const CORE = '@sock/core'
const NATIVE = '@sock/native'

/** Until 1.0.0, a new feature is a patch, and a breaking change a minor version: see decision 18. */
const FEATURE = 'patch'
const BREAKING = 'minor'

/**
 * Releases what is due, then a patch of tcp and of the native engine, a new feature of core, and a breaking change of core.
 *
 * @returns the versions after some of these releases, by package
 */
export async function release(tree, registry) {
  /** Publishes, and expects that exactly these versions are new in the registry, each with a tag at this commit. */
  async function publishes(expected, prepare = async () => {}) {
    const [before, tags, head] = [registry.contents(), await tree.tags(), await tree.head()]
    await prepare()
    await tree.publish()
    const tarballs = added(expected).map((it) => `${it.replace('@sock/', '').replace('@', '-')}.tgz`)
    assert.deepEqual(new Set(registry.contents()), new Set([...before, ...tarballs]))
    const tagged = added(expected).map((it) => [it, head])
    assert.deepEqual(await tree.tags(), new Map([...tags, ...tagged]))
  }

  /** A change of one package must release it and the packages whose range of it ends, and no other. */
  async function change(name, kind, dependents = [], prepare) {
    const before = tree.versions()
    const commit = await tree.change(name, kind)
    await tree.version()
    const expected = new Map([
      [name, inc(before.get(name), kind)],
      ...dependents.map((it) => [it, inc(before.get(it), 'patch')]),
    ])
    await test(`a ${kind} of ${name} releases ${added(expected).join(', ')} alone`, async () => {
      assert.deepEqual(tree.versions(), new Map([...before, ...expected]))
      const link = `([${commit.slice(0, 7)}](https://github.com/sock-js/sock/commit/${commit}))`
      assert.equal(tree.changes(name), `- A ${kind} of ${name} ${link}`)
      for (const it of dependents.filter((dependent) => tree.libraries.includes(dependent)))
        assert.equal(tree.changes(it), `- Requires \`${name}\` ^${expected.get(name)}`)
      await publishes(expected, prepare)
    })
    return tree.versions()
  }

  // The waiting change files or, if there are none, the versions as they are.
  await tree.version()
  const first = tree.versions()
  await test(`the release that is due has ${added(first).join(', ')}, and nothing else`, () =>
    publishes(first))
  const [tag] = added(first)
  await test(`a clone of the tag ${tag} packs what was published, byte for byte`, async () => {
    const tarballs = await tree.packTag(tag)
    assert.equal(tarballs.length, tree.libraries.length)
    for (const path of tarballs)
      assert.ok(registry.read(basename(path).replace('sock-', '')).equals(readFileSync(path)), path)
  })
  const patchedTcp = await change('@sock/tcp', 'patch')
  // One of the five is published already, without a tag, as if a first attempt had failed half-way.
  await change(NATIVE, 'patch', tree.binaries, () => tree.publishAlone(tree.binaries[0]))
  const extendedCore = await change(CORE, FEATURE)
  const dependents = tree.libraries.filter((name) => name !== CORE)
  await change(CORE, BREAKING, [...dependents, ...tree.binaries])
  await test('to publish again publishes nothing', () => publishes(new Map()))
  await refuse(tree, registry)
  return { first, patchedTcp, extendedCore }
}

/** Nothing is published if it is not ready or, with provenance, outside of a hosted CI. */
async function refuse(tree, registry) {
  const before = registry.contents()
  const refused = (claim, reason, ...args) =>
    test(`nothing is published ${claim}`, async () => {
      await assert.rejects(tree.publish(...args), reason)
      assert.deepEqual(registry.contents(), before)
    })
  await tree.change('@sock/udp', 'patch')
  await refused('while a change file waits', /Cannot publish: change files wait/)
  await tree.version()
  const stray = join(tree.published, 'not-committed')
  writeFileSync(stray, '')
  await refused('that is not committed', /Cannot publish: `git status` shows files/)
  rmSync(stray)
  // The failure shows that npm was asked for provenance, which nothing here can sign.
  await refused('with provenance outside of a hosted CI', /ERR_PNPM_PROVENANCE/, '--provenance')
  appendFileSync(join(tree.folder, 'packages/native/c/loop.c'), '#error broken\n')
  await tree.commit('An engine that no compiler accepts')
  await refused('without all binaries', /Cannot publish: a platform has no binary\.\nCannot build /)
}

const added = (versions) => [...versions].map(([name, version]) => `${name}@${version}`)
