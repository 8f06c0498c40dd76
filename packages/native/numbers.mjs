// Writes src/lib/numbers.ts from c/numbers.h: `node numbers.mjs`, after a change to that header. A test says if it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
export const place = join(folder, 'src', 'lib', 'numbers.ts')

/** A line of the list: kind, name, value, comment. */
const LINE = /^ {2}(NUMBER|HEADER|EVENT)\((\w+), (\d+)\) +\/\* (.+) \*\//gm

/** @returns the TypeScript of the numbers in the header */
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
    '/** What the head of the memory that both sides see holds. */',
    'export const header = {',
    ...members('HEADER'),
    '} as const',
    '',
    '/** Kinds of events, and the two values that come with each. */',
    'export const kinds = {',
    ...members('EVENT'),
    '} as const',
    '',
    '/** All of them, by the names that a binary has for them. */',
    'export const numbers: Readonly<Record<string, number>> = {',
    ...lines.map(({ name, from }) => (name === from ? `  ${name},` : `  ${name}: ${from},`)),
    '}',
    '',
  ].join('\n')
}

if (process.argv[1] === import.meta.filename) writeFileSync(place, generate())
