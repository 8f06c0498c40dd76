import { existsSync, readFileSync } from 'node:fs'
import { root, type Document } from './markdown.js'

/** Blocks `ts part some/file.ts` whose code is not in that file, as lines `docs/x.md:12 message`. */
export function brokenParts({ path, blocks }: Document): string[] {
  return blocks
    .filter(({ role, code, file }) => role === 'part' && !isIn(file, code))
    .map(({ line, file }) => `${path}:${line} ${file || 'no file'} has no such part`)
}

/** Whether a file has this code, however it is indented. */
function isIn(file: string, code: string): boolean {
  if (file === '' || !existsSync(root + file)) return false
  return inOneLine(readFileSync(root + file, 'utf8')).includes(inOneLine(code))
}

const inOneLine = (code: string): string => code.replace(/\s+/g, ' ').trim()
