import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, readJson } from '../../../checks/bootstrap/workspace.mjs'
import { linesToContribute } from '../lines.mjs'
import { createNewcomer } from '../newcomer.mjs'
import { createOrigin } from '../origin.mjs'

const [lines, [shallowClone]] = linesToContribute()
const [, writtenUrl] = readJson(inRoot('packages/unix/package.json')).repository.url.split('git+')

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'sock-contribute-')))
let url
beforeAll(async () => (url = await createOrigin(join(scratch, 'sock.git'))))
afterAll(() => rmSync(scratch, { recursive: true }))

/** How long each line took: no test fails for it, but whoever reads the output can tell. */
const times = []
afterEach(() => console.info(times.splice(0).join('\n')))

/** A newcomer in an empty folder, who clones from here what is written to be cloned from the net. */
function arrive() {
  const newcomer = createNewcomer(mkdtempSync(join(scratch, 'newcomer-')))
  /** A line that has to succeed. @returns what it printed */
  const succeed = async (line) => {
    const { code, output, seconds } = await newcomer.type(line.replace(writtenUrl, url))
    if (code !== 0) throw new Error(`${line} ended with ${code}:\n${output}`)
    times.push(`${seconds.toFixed(1).padStart(6)} s  ${line}`)
    return output
  }
  return { newcomer, succeed }
}

const changeUnix = (clone) =>
  appendFileSync(join(clone, 'packages/unix/src/lib/unix-server.ts'), '\n// A change.\n')

/** The packages that `changeset status` says would be released. */
const released = (output) => [...output.matchAll(/^🦋 {2}- (\S+)$/gm)].map(([, name]) => name)

const isInstalled = (clone, name) =>
  readdirSync(join(clone, 'node_modules/.pnpm')).some((folder) => folder.startsWith(`${name}@`))

describe('contributing to one transport', () => {
  it('is five lines, which clone from where package.json says', () => {
    expect(lines).toHaveLength(5)
    expect([lines[0], shallowClone].map((line) => line.includes(` ${writtenUrl} `))).toEqual([true, true])
  })

  it('works in a sparse clone, line by line', async () => {
    const { newcomer, succeed } = arrive()
    const [clone, choose, testAndMeasure, writeChange, commit] = lines
    await succeed(clone)
    await succeed(choose)
    const folder = newcomer.cwd
    // No more than was asked for, and no other transport.
    const chosen = [...choose.matchAll(/packages\/(\w+)/g)].map(([, name]) => name)
    expect(readdirSync(join(folder, 'packages')).toSorted()).toEqual(chosen.toSorted())
    expect(chosen).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(tcp|udp|unixgram)$/)]))
    changeUnix(folder)

    const output = await succeed(testAndMeasure)
    const { testResults, numFailedTests, numPassedTests } = readJson(
      join(folder, 'packages/unix/test-results.json'),
    )
    expect(testResults.filter(({ name }) => !name.startsWith(`${folder}/packages/unix/test/`))).toEqual([])
    expect(numFailedTests).toBe(0)
    expect(numPassedTests).toBeGreaterThan(300)
    const rows = new Set([...output.matchAll(/^(\w+)\/\w+ +callbacks /gm)].map(([, transport]) => transport))
    expect([...rows]).toEqual(['unix'])
    // Once for the tests, once more for the benchmark; and no native module of another transport.
    expect(output.match(/^Installing the dependencies/gm)).toHaveLength(2)
    expect(isInstalled(folder, 'unix-dgram')).toBe(false)
    // Links to packages that are not here do not make it install again.
    expect(await succeed('cd packages/unix && npm run bench -- --list && cd ../..')).not.toContain(
      'Installing',
    )

    await succeed(writeChange)
    expect(released(await succeed(commit))).toEqual(['@sock/unix'])
    expect(await succeed('git status --porcelain')).toBe('')
    expect((await succeed('git show --name-only --format=')).trim().split('\n')).toEqual([
      '.changeset/my-change.md',
      'packages/unix/src/lib/unix-server.ts',
    ])
  })

  it('works in a shallow clone, and leaves alone what is not its own', async () => {
    const { newcomer, succeed } = arrive()
    await succeed(shallowClone)
    const folder = newcomer.cwd
    changeUnix(folder)
    expect(await succeed('git rev-parse --is-shallow-repository')).toBe('true\n')
    await succeed('cd packages/unix && npm test -- test/path --coverage=false && cd ../..')
    expect(isInstalled(folder, 'unix-dgram')).toBe(false)
    expect(
      ['packages/tcp/node_modules', 'packages/tcp/dist', 'tools/demo/node_modules'].filter((path) =>
        existsSync(join(folder, path)),
      ),
    ).toEqual([])

    await succeed(lines[3])
    expect(released(await succeed(lines[4]))).toEqual(['@sock/unix'])
    expect(await succeed('git status --porcelain')).toBe('')
  })

  it.each([
    ['.', 'npm run bench', 'tools/bench', 'a benchmark'],
    ['packages/unix', 'npm test', 'packages/core', 'packages/unix'],
    ['packages/unix', 'npm run bench', 'tools/bench', 'a benchmark'],
  ])('says in one sentence what is missing, in %s: %s', async (place, line, folder, who) => {
    const { newcomer, succeed } = arrive()
    await succeed(lines[0])
    await succeed(`git sparse-checkout set packages/unix tools/checks && cd ${place}`)
    const { code, output } = await newcomer.type(line)
    expect(code).toBe(1)
    expect(output).not.toMatch(/^ {4}at /m)
    expect(output).toContain(
      `Cannot find ${folder}, which ${who} needs: in a sparse clone \`git sparse-checkout add ${folder}\` brings it.\n`,
    )
  })
})
