import { run } from '../bootstrap/child.mjs'
import { inRoot, root } from '../bootstrap/workspace.mjs'

/** Whether every file, export and dependency is used by something, and every dependency declared; shows what is not. */
export async function nothingIsUnused() {
  const knip = inRoot('node_modules/knip/bin/knip.js')
  const { code } = await run(process.execPath, [knip, '--no-progress'], { cwd: root, show: true })
  return code === 0
}
