/*
 * The conformance suite of a transport over the native engine, without a test runner, so that it can be run by a Node for
 * another processor, or under valgrind: `node conformance.mjs <transport> [part of a name] [pattern of others]`. Every case takes its time there,
 * so one that is slow is broken off, and counts as failed. The last line is `N passed, N failed, N skipped`.
 */
import { datagramConformance, streamConformance } from '@sock/testing'
import { engine } from '@sock/native'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fixtures } from './fixtures.mjs'

/** In ms. A case that waits for ever must not keep the others from being run. */
const PATIENCE = 120_000

const [transport = '', part = '', except = ''] = process.argv.slice(2)
if (!engine.available) await engine.connectStream({ kind: 'path', path: '/', address: {} }, {})
const folder = mkdtempSync(join(tmpdir(), 'sock-conformance-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const { isStream, ...fixture } = fixtures(engine, folder)[transport]
const suite = isStream ? streamConformance : datagramConformance
const counts = { passed: 0, failed: 0, skipped: 0 }
for (const { name, run } of casesOf(suite({ ...fixture, name: transport }))) {
  if (!name.includes(part)) continue
  if (except !== '' && new RegExp(except).test(name)) {
    counts.skipped += 1
    continue
  }
  try {
    await withPatience(run())
    counts.passed += 1
  } catch (error) {
    counts.failed += 1
    console.log(`FAIL ${name}\n${String(error?.stack ?? error).replaceAll(/^/gm, '     ')}`)
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
// What a failed case has left open does not keep this from ending.
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

function casesOf({ name, cases, suites }) {
  return [
    ...cases.map((one) => ({ ...one, name: `${name} › ${one.name}` })),
    ...suites.flatMap(casesOf).map((one) => ({ ...one, name: `${name} › ${one.name}` })),
  ]
}

async function withPatience(result) {
  let timer
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('Took too long')), PATIENCE)
    // A case that leaves a timer fails, and this one is not its own.
    timer.unref()
  })
  try {
    await Promise.race([result, tooLong])
  } finally {
    clearTimeout(timer)
  }
}
