import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const quick = ['--rounds', '1', '--seconds', '0.05', '--subjects', 'callbacks']

let folder: string
let child: ChildProcess | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sock-bench-program-'))
})

afterEach(async () => {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  await rm(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param whileRunning gets the process as soon as its first line is there */
async function bench(
  args: readonly string[],
  whileRunning?: (child: ChildProcess) => Promise<void>,
): Promise<Ended> {
  const started = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = started
  let stdout = ''
  let stderr = ''
  started.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  started.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = once(started, 'close')
  if (whileRunning !== undefined) {
    await once(started.stdout, 'data')
    await whileRunning(started)
  }
  const [code] = (await closed) as [number | null]
  return { code, stdout, stderr }
}

describe('npm run bench', () => {
  it.each([
    [['--only', 'tcp/none'], /no row is called tcp\/none/],
    [['--subjects', 'golang'], /There is no subject golang/],
    [['--rounds', '0'], /whole number from 1/],
    [['--seconds', 'soon'], /number from 0.05/],
    [['--assert', 'callbacks>0.9'], /Expected something like callbacks>=0.97/],
    [['--assert', 'raw>=0.9'], /There is no subject raw that could be compared/],
    [['--generator', 'c'], /Expected node or native/],
    [['--nonsense'], /unknown option '--nonsense'/],
  ])('refuses %j with one sentence', async (args, message) => {
    const { code, stdout, stderr } = await bench(args)
    expect(stderr).toMatch(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('measures a row, writes it down, and holds rules against it', async () => {
    const json = join(folder, 'results.json')
    const args = ['--only', 'tcp/rr,unixgram/rr', ...quick]
    const first = await bench([
      ...args,
      '--json',
      json,
      '--chart',
      join(folder, 'c.svg'),
      '--markdown',
      join(folder, 't.md'),
    ])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/tcp\/rr +callbacks +rate .* × raw/)
    expect(JSON.parse(await readFile(json, 'utf8'))).toMatchObject({
      version: 2,
      rows: [{ name: 'tcp/rr' }, { name: 'unixgram/rr' }],
    })
    expect(await readFile(join(folder, 'c.svg'), 'utf8')).toMatch(/^<svg .*unixgram\/rr/s)
    expect(await readFile(join(folder, 't.md'), 'utf8')).toMatch(/\| tcp\/rr +\| rate/)

    const second = await bench([
      ...args,
      '--compare',
      json,
      '--assert',
      'ours-callbacks>=1000',
      '--assert',
      'tcp/rr:callbacks.cpu<=1000',
    ])
    expect(second.stdout).toMatch(/tcp\/rr +callbacks +rate .* → /)
    expect(second.stderr).toMatch(/ours-callbacks>=1000 does not hold: tcp\/rr callbacks rate/)
    expect(second.stderr).not.toMatch(/cpu<=1000/)
    expect(second.code).toBe(1)
  })

  it('can make its load by Node alone', async () => {
    const args = ['--only', 'tcp/rr,udp/rr,unixgram/rr,unix/oneway', '--generator', 'node', ...quick]
    const { code, stdout, stderr } = await bench(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/load by the node engine/)
    expect(stdout).toMatch(/unixgram\/rr +callbacks +rate .* × raw/)
  })

  it('leaves no process and no file when Ctrl-C is pressed', async () => {
    let pids: number[] = []
    const { code } = await bench(['--only', 'unix/rr,unixgram/rr', '--seconds', '60'], async ({ pid }) => {
      // The generator and the servers of the row.
      pids = await waitForChildren(pid as number, 5)
      process.kill(pid as number, 'SIGINT')
    })
    expect(code).toBe(130)
    expect(pids.filter(isAlive)).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })
})

/** Waits until the process has as many children. */
async function waitForChildren(pid: number, count: number): Promise<number[]> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    const pids = text.trim().split(' ').filter(Boolean).map(Number)
    if (pids.length === count) return pids
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the program did not get ${count} children`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
