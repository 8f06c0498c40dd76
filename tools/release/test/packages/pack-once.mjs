import { createFolder } from '@sock/tools/folder'
import { packNextRelease } from '../../packed.mjs'

/** Before all tests: packs what the next release would publish. `SOCK_TARBALLS` has the paths of the tarballs. */
export default function packOnce() {
  const folder = createFolder('packages')
  // Not in a teardown of jest's, which an interrupted run never reaches.
  process.once('exit', () => folder.remove())
  process.env['SOCK_TARBALLS'] = JSON.stringify(packNextRelease(folder.path))
}
