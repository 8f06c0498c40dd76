import { withoutComments } from './sources.mjs'

const isDoor = (path) => /^packages\/[^/]+\/src\/[^/]+\.ts$/.test(path)

const reExport =
  /export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'(?:\.\/lib\/[^']+\.js|@sock\/core)'/g

/**
 * A door, `src/<name>.ts`, only re-exports, from `src/lib/` or what its users need of core: what a package offers is
 * then read in one place.
 */
export function doors(path, text) {
  if (!isDoor(path)) return []
  const rest = withoutComments(text).replace(reExport, '').replace(/;/g, '').trim()
  return rest === ''
    ? []
    : [`a door only re-exports from './lib/…' or '@sock/core': ${rest.split('\n', 1)[0]}`]
}
