import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where the reports are, in the repository. */
export const reports = join(root, 'api')

/**
 * Every entry point of every published package that has types: its package's folder, its declarations, and the name of its
 * report, `core.api.md` or `core.stream.api.md`.
 */
export function entryPoints() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name)
    const manifestPath = join(folder, 'package.json')
    if (!existsSync(manifestPath)) return []
    const { private: isPrivate, exports = {} } = JSON.parse(readFileSync(manifestPath, 'utf8'))
    if (isPrivate) return []
    return Object.entries(exports)
      .filter(([, { types }]) => types !== undefined)
      .map(([door, { types }]) => {
        const suffix = door === '.' ? '' : door.slice(1).replaceAll('/', '.')
        return { folder, declarations: join(folder, types), report: `${name}${suffix}.api.md` }
      })
  })
}
