import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packNextRelease } from '../../packed.mjs'

/** Before all tests: packs what the next release would publish. `SOCK_TARBALLS` has the paths of the tarballs. */
export default function packOnce() {
  const folder = mkdtempSync(join(tmpdir(), 'sock-packages-'))
  // Not in a teardown of jest's, which an interrupted run never reaches.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.env['SOCK_TARBALLS'] = JSON.stringify(packNextRelease(folder))
}
