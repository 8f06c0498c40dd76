import { run } from './bootstrap/child.mjs'
import { inRoot, root } from './bootstrap/workspace.mjs'

/**
 * Whether every file, export and dependency is used by something, and every dependency declared. Prints to `print` what
 * is not.
 */
export async function nothingIsUnused(print) {
  const knip = inRoot('node_modules/knip/bin/knip.js')
  const { code, output } = await run(process.execPath, [knip, '--no-progress'], { cwd: root })
  if (code !== 0) print(output)
  return code === 0
}
