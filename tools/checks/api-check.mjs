import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './processes.mjs'
import { inRoot, root } from './repository.mjs'

const ADVICE =
  'The public API is not what api/ says. "(undocumented)" marks what has no comment. If you mean to change it, run `npm run api`'

/**
 * Compares the public API of built packages with what is committed in `api/`.
 *
 * @param folders such as `packages/tcp`; without any, all published packages
 * @returns as `run()`; the output is the difference
 */
export async function checkApi(folders = []) {
  const fresh = mkdtempSync(join(tmpdir(), 'sock-api-'))
  try {
    const written = await run(process.execPath, [inRoot('tools/checks/api.mjs'), fresh, ...folders], {
      cwd: root,
    })
    if (written.code !== 0) return written
    const output = reportsOf(folders, fresh)
      .map((name) => difference(name, fresh))
      .join('')
    return output === '' ? { code: 0, output } : { code: 1, output: `${output}${ADVICE}\n` }
  } finally {
    rmSync(fresh, { recursive: true })
  }
}

/** The names of the reports of these packages, in `api/` or in the fresh folder: an entry point may have come or gone. */
function reportsOf(folders, fresh) {
  const names = folders.map((folder) => folder.replace('packages/', ''))
  const all = new Set([...readdirSync(inRoot('api')), ...readdirSync(fresh)])
  return [...all].filter((name) => names.length === 0 || names.includes(name.split('.', 1)[0])).toSorted()
}

function difference(name, fresh) {
  const [before, now] = [inRoot('api', name), join(fresh, name)].map((path) =>
    existsSync(path) ? path : '/dev/null',
  )
  return spawnSync('git', ['diff', '--no-index', '--no-color', before, now], { encoding: 'utf8' }).stdout
}
