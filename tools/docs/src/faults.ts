import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, type Document } from './markdown.js'

/** What is wrong with tables of faults: rows without an answer, rows that come twice, and tests that do not exist. */
export function brokenFaults({ path, tables }: Document, read = readSource): string[] {
  const rows = tables.flatMap((table) => table.rows)
  const ids = rows.map(([id = '']) => id)
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} comes twice`),
    ...rows.filter((row) => row.some((cell) => cell.trim() === '')).map(([id]) => `${id} has an empty cell`),
    ...rows.flatMap(([id = '', , tests = '']) =>
      testsIn(tests)
        .filter(({ name, target }) => !read(join(dirname(path), target)).includes(name))
        .map(({ name, target }) => `${id}: there is no "${name}" in ${target}`),
    ),
  ]
}

/** Tests are linked: the text is the name as the source has it, the target is the file. */
function testsIn(cell: string): { name: string; target: string }[] {
  return [...cell.matchAll(/\[([^\]]+)\]\(([^)\s]+\.ts)\)/g)].map(([, name = '', target = '']) => ({
    name: name.replaceAll(/\\([*_<`])/g, '$1'),
    target,
  }))
}

/** From the root of the repository. */
function readSource(path: string): string {
  return existsSync(root + path) ? readFileSync(root + path, 'utf8') : ''
}
