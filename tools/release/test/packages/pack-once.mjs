import { createFolder } from '@sock/tools/folder'
import { packNextRelease, unpack } from '../../packed.mjs'
import { join } from 'node:path'

/**
 * Before all tests: packs what the next release would publish, and unpacks it into a folder `node_modules`, without dependencies.
 * `SOCK_PACKED` has the folder, and the paths of the tarballs by name.
 */
export default function packOnce() {
  const folder = createFolder('packages')
  // Not in a teardown of jest's, which an interrupted run never reaches.
  process.once('exit', () => folder.remove())
  const tarballs = packNextRelease(folder.path)
  for (const [name, tarball] of Object.entries(tarballs))
    unpack(tarball, join(folder.path, 'node_modules', name))
  process.env['SOCK_PACKED'] = JSON.stringify({ folder: folder.path, tarballs })
}
