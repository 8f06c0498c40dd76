import { expect, it, jest } from '@jest/globals'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { start } from '@sock/tools/processes'
import { inRoot } from '../../repository.mjs'
import { scratchFolder } from '../support.mjs'

// A rehearsal takes minutes, and a quarter of an hour beside thirty busy processes; this only ends a hang.
jest.setTimeout(60 * 60_000)
const scratch = scratchFolder()

/** As `npm run release:rehearse` runs it, with a folder for temporary files that can be looked into. */
function rehearse() {
  const folder = mkdtempSync(join(scratch, 'tmp-'))
  // From Node 22 on, pnpm would leave its compiled code there, as a cache.
  const env = { ...process.env, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' }
  const args = ['--test-reporter=tap', inRoot('tools/release/main.mjs'), 'rehearse']
  return { folder, program: start(process.execPath, args, { env }) }
}

/** Processes that have something of the folder in their environment. */
function processesThatKnow(path) {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(join('/proc', pid, 'environ'), 'utf8').includes(path)
    } catch {
      // It has just ended, or belongs to another user.
      return false
    }
  })
}

it('release:rehearse proves every claim, and leaves nothing', async () => {
  const { folder, program } = rehearse()
  const { code, output } = await program.ended
  expect(code === 0 ? '' : output).toBe('')
  expect(output).toMatch(/^# pass [1-9]/m)
  const skipped = output.match(/^.+ # SKIP .+$/gm)
  if (skipped !== null) console.warn(skipped.join('\n'))
  expect(readdirSync(folder)).toEqual([])
})

it('release:rehearse leaves neither folder nor process after Ctrl-C', async () => {
  const { folder, program } = rehearse()
  let hasEnded = false
  void program.ended.then(() => (hasEnded = true))
  while (!readdirSync(folder).some((name) => existsSync(join(folder, name, 'version/node_modules')))) {
    if (hasEnded) throw new Error(`It ended before it could be interrupted: ${program.output}`)
    await delay(20)
  }
  program.kill('SIGINT')
  // npm forwards what the terminal has sent already.
  program.kill('SIGINT')
  expect((await program.ended).code).toBe(130)
  expect(readdirSync(folder)).toEqual([])
  if (process.platform === 'linux') expect(processesThatKnow(folder)).toEqual([])
})
