import { expect, it } from '@jest/globals'
import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { succeed } from '@sock/tools/processes'
import { copyTree } from '../../../checks/copy-tree.mjs'
import { inRoot, readJson } from '../../repository.mjs'
import { scratchFolder } from '../support.mjs'

const scratch = scratchFolder()
/** ms: installation, build and tests in a new clone, on a busy machine. */
const LIMIT = 1_800_000

/** What turbo and jest say of the run that this is a part of is no business of a newcomer. */
const OURS = /^(TURBO_|SOCK_|JEST_|NODE_ENV$|NODE_OPTIONS$|INIT_CWD$|npm_(package|lifecycle)_)/
const identity = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((who) => [
    [`GIT_${who}_NAME`, 'A newcomer'],
    [`GIT_${who}_EMAIL`, 'newcomer@example.org'],
  ]),
)
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name))),
  ...identity,
  GIT_CONFIG_GLOBAL: '/dev/null',
}
const type = (line, cwd) => succeed('sh', ['-c', line], { cwd, env })

it(
  'a sparse clone, as CONTRIBUTING.md says it, is enough to test and to release one transport',
  async () => {
    const [choose] = /^git sparse-checkout set .+$/m.exec(readFileSync(inRoot('CONTRIBUTING.md'), 'utf8'))
    const origin = join(scratch, 'origin')
    mkdirSync(origin)
    copyTree(origin)
    const begin = 'git commit --quiet --message Everything && git branch --move main'
    await type(`${begin} && git config uploadpack.allowFilter true`, origin)
    // A URL: from a path git would make hard links, and no sparse clone.
    await type(`git clone --filter=blob:none --sparse ${pathToFileURL(origin).href} clone`, scratch)
    const clone = join(scratch, 'clone')
    await type(choose, clone)
    const chosen = [...choose.matchAll(/packages\/(\w+)/g)].map(([, name]) => name)
    expect(new Set(readdirSync(join(clone, 'packages')))).toEqual(new Set(chosen))

    appendFileSync(join(clone, 'packages/unix/src/lib/unix-server.ts'), '\n// A change.\n')
    await type('npm test -- --coverage=false conformance', join(clone, 'packages/unix'))
    const { numFailedTests, numPassedTests } = readJson(join(clone, 'packages/unix/test-results.json'))
    expect(numFailedTests).toBe(0)
    expect(numPassedTests).toBeGreaterThan(100)

    const change = `printf '%s\\n' --- "'@sock/unix': patch" --- '' 'A change.' > .changeset/my-change.md`
    await type(`${change} && git add . && git commit --quiet --message Change`, clone)
    const status = await type('npx changeset status --since=origin/main', clone)
    expect([...status.matchAll(/^🦋 {2}- (\S+)$/gm)].map(([, name]) => name)).toEqual(['@sock/unix'])
  },
  LIMIT,
)
