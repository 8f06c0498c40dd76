import assert from 'node:assert/strict'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inc } from 'semver'

const CORE = '@sock/core'
const NATIVE = '@sock/native'

/**
 * Releases what is due, then a patch of tcp and of the native engine, a new feature of core, and a breaking change of core.
 *
 * @returns the versions after some of these releases, by package
 */
export async function release(tree, registry) {
  /** Publishes, and expects that exactly these versions are new in the registry. */
  async function publishes(expected) {
    const before = registry.contents()
    await tree.publish()
    const tarballs = added(expected).map((it) => `${it.replace('@sock/', '').replace('@', '-')}.tgz`)
    assert.deepEqual(new Set(registry.contents()), new Set([...before, ...tarballs]))
  }

  /** A change of one package must release it and the packages whose range of it ends, and no other. */
  async function change(name, kind, dependents = []) {
    const before = tree.versions()
    await tree.change(name, kind)
    await tree.version()
    const expected = new Map([
      [name, inc(before.get(name), kind)],
      ...dependents.map((it) => [it, inc(before.get(it), 'patch')]),
    ])
    await test(`a ${kind} of ${name} releases ${added(expected).join(', ')} alone`, async () => {
      assert.deepEqual(tree.versions(), new Map([...before, ...expected]))
      await publishes(expected)
    })
    return tree.versions()
  }

  // The waiting change files or, if there are none, the versions as they are.
  await tree.version()
  const first = tree.versions()
  await test(`the release that is due has ${added(first).join(', ')}, and nothing else`, () =>
    publishes(first))
  const patchedTcp = await change('@sock/tcp', 'patch')
  await change(NATIVE, 'patch', tree.binaries)
  const extendedCore = await change(CORE, 'patch')
  const dependents = tree.libraries.filter((name) => name !== CORE)
  await change(CORE, 'minor', [...dependents, ...tree.binaries])
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
  const stray = join(tree.folder, 'not-committed')
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
