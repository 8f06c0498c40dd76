import { run } from './bootstrap/child.mjs'
import { inRoot, root } from './bootstrap/workspace.mjs'

/** Whether everything under the given paths looks as prettier would write it. Prints to `print` which files do not. */
export async function formatIsKept(paths, print) {
  const prettier = inRoot('node_modules/prettier/bin/prettier.cjs')
  const cache = ['--cache', '--cache-location=node_modules/.cache/prettier/.prettier-cache']
  const { code, output } = await run(
    process.execPath,
    [prettier, '--check', '--log-level=warn', ...cache, ...paths],
    { cwd: root },
  )
  if (code !== 0) print(`${output}\`npm run format\` puts that right.`)
  return code === 0
}
