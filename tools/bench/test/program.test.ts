import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFolder, type Folder } from '@sock/tools/folder'
import { start, type Program } from '@sock/tools/processes'
import { until } from '@sock/test-support/wait'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const quick = ['--rounds', '1', '--seconds', '0.05', '--subjects', 'callbacks']

let folder: Folder
beforeEach(() => void (folder = createFolder('bench-program')))
afterEach(() => folder.remove())

const bench = (...args: string[]): Program =>
  start(process.execPath, [main, ...args], { env: { ...process.env, TMPDIR: folder.path } })

describe('npm run bench', () => {
  it.each([
    [['--only', 'tcp/none'], /no row is called tcp\/none/],
    [['--subjects', 'golang'], /Cannot find "golang"/],
  ])('refuses %j with one sentence', async (args, message) => {
    const { code, output } = await bench(...args).ended
    expect(output).toMatch(message)
    expect(code).toBe(2)
  })

  it('measures a row, writes it down, and compares it with another run', async () => {
    const json = join(folder.path, 'results.json')
    const args = ['--only', 'tcp/rr,tcp/reset,unixgram/rr', ...quick]
    const first = await bench(...args, '--json', json).ended
    expect(first.output).toMatch(/^tcp\/rr +rate +\S+ request\/s +\d\.\d{3}$/m)
    expect(first.code).toBe(0)
    expect(first.output.split('\n').filter((line) => /^\S+\//.test(line) && line.length > 100)).toEqual([])
    const names = ['tcp/rr', 'tcp/reset', 'unixgram/rr']
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as { rows: { name: string }[] }
    expect(rows.map(({ name }) => name)).toEqual(names)

    const second = await bench(...args, '--compare', json).ended
    expect(second.output).toMatch(/tcp\/rr +callbacks +rate .* → /)
  })

  it('leaves no process and no file when Ctrl-C is pressed', async () => {
    const program = bench('--only', 'unix/rr,unixgram/rr', '--seconds', '60')
    const pid = program.pid as number
    await until(() => childrenOf(pid).length === 4, 'the servers of a row')
    const pids = childrenOf(pid)
    process.kill(pid, 'SIGINT')
    expect((await program.ended).code).toBe(130)
    expect(pids.filter((child) => existsSync(`/proc/${child}`))).toEqual([])
    expect(readdirSync(folder.path)).toEqual([])
  })
})

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
