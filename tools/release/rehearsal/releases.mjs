import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const CORE = '@sock/core'
const NATIVE = '@sock/native'

/**
 * Releases the waiting changes, then a patch of tcp, of core and of the native engine, a new feature of core, and a breaking
 * change of core.
 *
 * @returns the versions of some of these releases, by package
 */
export async function release(tree, registry, claims) {
  const publish = async () => {
    const { code, output } = await tree.publish()
    assert.equal(code, 0, output)
  }

  /** Publishes, and expects exactly these versions to be new in the registry. */
  async function publishes(expected, before) {
    assert.deepEqual(tree.versions(), new Map([...tree.versions(), ...expected]))
    await publish()
    assert.deepEqual(await registry.contents(), new Set([...before, ...added(expected)]))
  }

  const dependents = tree.libraries.filter((name) => name !== CORE)
  const expectRanges = async (range) => {
    for (const name of dependents) {
      const { dependencies } = await registry.manifest(name, tree.versions().get(name))
      assert.equal(dependencies[CORE], range, name)
    }
  }

  /** Releases the waiting change files or, if there are none, the versions as they are. */
  async function first() {
    const sentences = tree.sentences()
    await tree.version()
    const versions = tree.versions()
    await claims.check(`the release that is due has ${added(versions).join(', ')}, and nothing else`, () =>
      publishes(versions, []),
    )
    await claims.check('its changelogs say what the change files said', () => {
      for (const [name, sentence] of sentences)
        assert.ok(tree.changelog(name, versions.get(name)).includes(sentence), name)
    })
    await claims.check(`its packages take any ${CORE} from ${versions.get(CORE)} below the next major`, () =>
      expectRanges(`^${versions.get(CORE)}`),
    )
    await claims.check(`its ${NATIVE} takes binaries of its version alone, and contains none`, async () => {
      const { optionalDependencies, dist } = await registry.manifest(NATIVE, versions.get(NATIVE))
      const wanted = tree.binaries.map((name) => [name, versions.get(NATIVE)])
      assert.deepEqual(optionalDependencies, Object.fromEntries(wanted))
      const tarball = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer())
      assert.doesNotMatch(execFileSync('tar', ['-tz'], { input: tarball, encoding: 'utf8' }), /\.node$/m)
    })
    return versions
  }

  /** A change must release only its own package; with @sock/native, also the binaries, which have the same version. */
  async function alone(name, kind) {
    const before = await registry.contents()
    const old = tree.versions()
    const sentence = `A ${kind} of ${name}`
    await tree.change(name, kind, sentence)
    await tree.version()
    const next = raise(old.get(name), kind)
    const names = name === NATIVE ? [name, ...tree.binaries] : [name]
    await claims.check(`a ${kind} of ${name} releases ${names.join(', ')} ${next} alone`, async () => {
      const expected = new Map(names.map((it) => [it, next]))
      assert.deepEqual(tree.versions(), new Map([...old, ...expected]))
      await publishes(expected, before)
      assert.ok(tree.changelog(name, next).includes(sentence), 'its changelog does not say so')
    })
    return tree.versions()
  }

  /** Nothing is published if it is not ready or, with provenance, outside of a hosted CI. */
  async function refusals() {
    const before = await registry.contents()
    const refused = async (reason, ...args) => {
      const { code, output } = await tree.publish(...args)
      assert.notEqual(code, 0)
      assert.match(output, reason)
      assert.deepEqual(await registry.contents(), before)
    }
    await tree.change('@sock/udp', 'patch', 'A patch of @sock/udp')
    await claims.check('nothing is published while a change file waits', () =>
      refused(/Cannot publish: change files wait/),
    )
    await tree.version()
    const stray = join(tree.folder, 'not-committed')
    writeFileSync(stray, '')
    await claims.check('nothing is published that is not committed', () =>
      refused(/Cannot publish: `git status` shows files/),
    )
    rmSync(stray)
    // The failure shows that npm was asked for provenance, which nothing here can sign.
    await claims.check('with provenance, nothing is published outside of a hosted CI', () =>
      refused(/ERR_PNPM_PROVENANCE/, '--provenance'),
    )
    await claims.check('nothing is published when a binary is missing and cannot be built', () =>
      tree.withoutCompilers(() => refused(/Cannot publish: a platform has no binary\.\nCannot build /)),
    )
    await tree.git('reset', '--quiet', '--hard', 'HEAD~2')
  }

  /** A breaking change of core must release it and everything that depends on it. */
  async function breaking() {
    const before = await registry.contents()
    const old = tree.versions()
    await tree.change(CORE, 'major', `A breaking change of ${CORE}`)
    await tree.version()
    const next = raise(old.get(CORE), 'major')
    const expected = new Map(
      [...old].map(([name, version]) => [name, name === CORE ? next : raise(version, 'patch')]),
    )
    await claims.check(
      `a breaking change of ${CORE} releases ${next}, and a patch of all others`,
      async () => {
        assert.deepEqual(tree.versions(), expected)
        await publishes(expected, before)
      },
    )
    await claims.check(
      `all others take any ${CORE} from ${next} below the next major, and say so`,
      async () => {
        await expectRanges(`^${next}`)
        for (const name of dependents)
          assert.ok(tree.changelog(name, expected.get(name)).includes(`${CORE}@${next}`), name)
      },
    )
    await claims.check('to publish again publishes nothing', () =>
      publishes(new Map(), [...before, ...added(expected)]),
    )
    return expected
  }

  const firstVersions = await first()
  const patchedTcp = await alone('@sock/tcp', 'patch')
  await alone(CORE, 'patch')
  await alone(NATIVE, 'patch')
  const extendedCore = await alone(CORE, 'minor')
  await refusals()
  return { first: firstVersions, patchedTcp, extendedCore, last: await breaking() }
}

const added = (versions) => [...versions].map(([name, version]) => `${name}@${version}`)

function raise(version, kind) {
  const [major, minor, patch] = version.split('.').map(Number)
  if (kind === 'major') return `${major + 1}.0.0`
  return kind === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}
