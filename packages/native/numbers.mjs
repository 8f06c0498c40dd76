// Writes src/lib/numbers.ts from c/numbers.h: run `node numbers.mjs` after changing that header. A test fails if you
// forget.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
export const place = join(folder, 'src', 'lib', 'numbers.ts')

/** Matches a line of the list: kind, name, value, comment. */
const LINE = /^ {2}(NUMBER|HEADER|EVENT)\((\w+), (\d+)\) +\/\* (.+) \*\//gm

/** @returns the TypeScript file with the numbers in the header */
export function generate() {
  const header = readFileSync(join(folder, 'c', 'numbers.h'), 'utf8')
  const lines = [...header.matchAll(LINE)].map(([, kind, name, value, comment]) => {
    const key = name.toLowerCase()
    if (kind === 'NUMBER') return { kind, name, value, comment, from: name }
    const [prefix, from] = kind === 'EVENT' ? ['KIND', `kinds.${key}`] : ['HEADER', `header.${key}`]
    return { kind, name: `${prefix}_${name}`, key, value, comment, from }
  })
  const of = (wanted) => lines.filter(({ kind }) => kind === wanted)
  const members = (wanted) =>
    of(wanted).flatMap(({ key, value, comment }) => [`  /** ${comment} */`, `  ${key}: ${value},`])
  return [
    '// Written by `node numbers.mjs` from c/numbers.h, which is the file to change.',
    '',
    ...of('NUMBER').flatMap(({ name, value, comment }) => [
      `/** ${comment} */`,
      `export const ${name} = ${value}`,
    ]),
    '',
    '/** Indices in the header of the shared memory. */',
    'export const header = {',
    ...members('HEADER'),
    '} as const',
    '',
    '/** Kinds of events. Each comment names the two values of the event. */',
    'export const kinds = {',
    ...members('EVENT'),
    '} as const',
    '',
    '/** All numbers, by their names in the binary. */',
    'export const numbers: Readonly<Record<string, number>> = {',
    ...lines.map(({ name, from }) => (name === from ? `  ${name},` : `  ${name}: ${from},`)),
    '}',
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) writeFileSync(place, generate())
