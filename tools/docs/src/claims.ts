import { existsSync, readFileSync } from 'node:fs'
import type { Document } from './markdown.js'

/** A link to a file, and a name in it: `[any](path) "name"`. */
const REFERENCE = /\]\(([^)]+)\) "([^"]+)"/g

/** Rows of tables with a test in their last cell that is not there, or with none at all. */
export function unprovenClaims({ tables }: Document, folder: string): string[] {
  return tables.flatMap(({ rows }) => rows).flatMap((row) => problemsOf(row, folder))
}

function problemsOf(row: readonly string[], folder: string): string[] {
  const references = [...(row.at(-1) ?? '').matchAll(REFERENCE)]
  if (references.length === 0) return [`"${row[0]}" names no test`]
  return references
    .filter(
      ([, path = '', name = '']) =>
        !(existsSync(folder + path) && readFileSync(folder + path, 'utf8').includes(name)),
    )
    .map(([, path, name]) => `there is no test "${name}" in ${path}`)
}
