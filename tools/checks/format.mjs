import { run } from '../bootstrap/child.mjs'
import { inRoot, root } from '../bootstrap/workspace.mjs'

/** Whether everything under the given paths looks as prettier would write it; names the files that do not. */
export async function formatIsKept(paths) {
  const prettier = inRoot('node_modules/prettier/bin/prettier.cjs')
  const cache = ['--cache', '--cache-location=node_modules/.cache/prettier/.prettier-cache']
  const { code } = await run(
    process.execPath,
    [prettier, '--check', '--log-level=warn', ...cache, ...paths],
    {
      cwd: root,
      show: true,
    },
  )
  if (code !== 0) console.log('`npm run format` puts that right.')
  return code === 0
}
