import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ROOT } from '../src/repository.js'

/** ms: a rehearsal takes a minute on two idle cores, and a quarter of an hour beside thirty busy processes; this only ends a hang. */
const LIMIT = 60 * 60_000

let folder: string
let child: ChildProcess

/** As `npm run release:rehearse` runs it, with a folder for temporary files that can be looked into. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sock-rehearsal-'))
  child = spawn(process.execPath, [join(ROOT, 'tools/release/dist/main.js'), 'rehearse'], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
})

afterEach(async () => {
  // A test that failed may have left it.
  if (child.exitCode === null && child.kill()) await once(child, 'close')
  rmSync(folder, { recursive: true, force: true })
})

function collect({ stdout, stderr }: ChildProcess): { text: string } {
  const output = { text: '' }
  for (const stream of [stdout, stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output.text += text))
  return output
}

/** Processes that have something of the folder in their environment. */
function processesThatKnow(path: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(join('/proc', pid, 'environ'), 'utf8').includes(path)
    } catch {
      // It has just ended, or is somebody else's.
      return false
    }
  })
}

describe('npm run release:rehearse', () => {
  it(
    'proves every claim, and leaves nothing',
    async () => {
      const output = collect(child)
      const [code] = (await once(child, 'close')) as [number]
      // The whole output, since a claim that does not hold is followed by the reason.
      expect(output.text).not.toMatch(/^FAIL/m)
      expect(output.text).toMatch(
        /\nA release would do what it should: (\d+) of \1 claims hold(, and \d+ were left out)?\.\n$/,
      )
      const skipped = output.text.match(/^skip .+$/gm)
      if (skipped !== null) console.warn(skipped.join('\n'))
      expect(code).toBe(0)
      expect(readdirSync(folder)).toEqual([])
    },
    LIMIT,
  )

  it(
    'leaves neither folder nor process after Ctrl-C',
    async () => {
      const output = collect(child)
      while (!readdirSync(folder).some((name) => existsSync(join(folder, name, 'tree/node_modules')))) {
        if (child.exitCode !== null)
          throw new Error(`It ended before it could be interrupted: ${output.text}`)
        await delay(20)
      }
      child.kill('SIGINT')
      // npm forwards what the terminal has sent already.
      child.kill('SIGINT')
      const [code] = (await once(child, 'close')) as [number]
      expect(code).toBe(130)
      // What holds, or was left out, may have been said before. What was broken off has not failed.
      expect(output.text.split('\n').filter((line) => !/^(ok {4}|skip {2}|$)/.test(line))).toEqual([])
      expect(readdirSync(folder)).toEqual([])
      if (process.platform === 'linux') expect(processesThatKnow(folder)).toEqual([])
    },
    LIMIT,
  )
})
