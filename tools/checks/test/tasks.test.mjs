import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { inRoot, readJson, workspaces } from '../bootstrap/workspace.mjs'
import { extendedTestsOf, testsOf } from '../tasks.mjs'

const { scripts } = readJson(inRoot('package.json'))
/** @type {string[]} */
const extended = extendedTestsOf(workspaces()).map(({ task }) => task)

describe('tests', () => {
  it('npm test contains the tests of all packages, of examples and documentation', () => {
    const folders = testsOf(workspaces()).map(({ folder }) => folder)
    const packages = workspaces().filter(({ folder }) => /^packages\/\w+$/.test(folder))
    expect(folders).toEqual(expect.arrayContaining(packages.map(({ folder }) => folder)))
    expect(folders).toEqual(expect.arrayContaining(['examples', 'tools/docs']))
  })
})

describe('extended tests', () => {
  it.each(extended)('%s has a command, and turbo knows what it writes', (task) => {
    expect(scripts[task]).toBe(`node tools/checks/entry.cjs extended ${task.replace('test:', '')}`)
    expect(readFileSync(inRoot('turbo.json'), 'utf8')).toContain(
      `"${task}": { "dependsOn": ["build"], "outputs": ["${task.replace('test:', 'test-results-')}.json"] }`,
    )
  })

  it('TESTING.md lists every command that starts with test', () => {
    const testing = readFileSync(inRoot('TESTING.md'), 'utf8')
    const listed = [...testing.matchAll(/^\| `npm run (test:\w+)`/gm)].map(([, name]) => name)
    const commands = Object.keys(scripts).filter((name) => name.startsWith('test:'))
    expect(listed.toSorted()).toEqual(commands.toSorted())
  })
})
