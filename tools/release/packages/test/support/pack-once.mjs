import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packPackages } from '../../pack.mjs'
import { copyAsReleased } from '../../release-copy.mjs'

/**
 * Before all tests: packs what the next release would publish. `process.env.SOCK_TARBALLS` has the paths of the tarballs,
 * and `SOCK_SCRATCH` a folder for the tests, which goes in the end, whatever becomes of them.
 */
export default async function packOnce() {
  const folder = mkdtempSync(join(tmpdir(), 'sock-packages-'))
  // Not in a teardown of jest's, which an interrupted run never reaches.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.env['SOCK_SCRATCH'] = folder
  const copy = join(folder, 'copy')
  await copyAsReleased(copy)
  process.env['SOCK_TARBALLS'] = JSON.stringify(await packPackages(join(folder, 'tarballs'), copy))
}
