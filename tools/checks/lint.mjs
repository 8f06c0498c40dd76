import { run } from './bootstrap/child.mjs'
import { inRoot, root } from './bootstrap/workspace.mjs'

/**
 * Whether everything under the given paths keeps the rules of lint, and its types fit. One process does both for the
 * whole repository: one for each package would read the same declarations again and again. Packages see each other
 * through `dist`, so build them first. Prints to `print` what is wrong.
 */
export async function lintIsKept(paths, print) {
  const oxlint = inRoot('node_modules/oxlint/bin/oxlint')
  const { code, output } = await run(process.execPath, [oxlint, '--deny-warnings', ...paths], { cwd: root })
  if (code !== 0) print(output)
  return code === 0
}
