import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { listFiles, root, type Document } from './markdown.js'

/** Links of a document to files that do not exist, or to headings that a document does not have. */
export function brokenLinks({ path, links, sections }: Document, all: readonly Document[]): string[] {
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : posix.join(posix.dirname(path), file)
    if (target.startsWith('..') || !existsSync(root + target)) return true
    const headings = target === path ? sections : all.find((other) => other.path === target)?.sections
    return anchor !== undefined && headings?.some((section) => section.anchor === anchor) !== true
  })
}

/** Missing tests that a document names after a link to their file: `[limits](some.test.ts) "name of the test"`. */
export function brokenQuotes({ path, text }: Document): string[] {
  return [...text.matchAll(/\]\(([^)#]+\.(?:ts|mjs))\) "([^"]+)"/g)].flatMap(([, link = '', name = '']) => {
    const file = root + posix.join(posix.dirname(path), link)
    const isThere = existsSync(file) && readFileSync(file, 'utf8').includes(name)
    return isThere ? [] : [`${path} ${link} has no test "${name}"`]
  })
}

/** Blocks `ts part some/file.ts` whose code is not in that file. Indentation does not count. */
export function brokenParts({ blocks }: Document): string[] {
  const inOneLine = (code: string): string => code.replace(/\s+/g, ' ').trim()
  const isIn = (file: string, code: string): boolean =>
    existsSync(root + file) && inOneLine(readFileSync(root + file, 'utf8')).includes(inOneLine(code))
  return blocks
    .filter(({ role, code, file }) => role === 'part' && !isIn(file, code))
    .map(({ where, file }) => `${where} ${file} has no such part`)
}

/** The scripts of all packages of the repository. */
const scripts = new Set(
  listFiles('package.json').flatMap((path) => {
    const manifest = JSON.parse(readFileSync(root + path, 'utf8')) as { scripts?: object }
    return Object.keys(manifest.scripts ?? {})
  }),
)

/**
 * The commands of a document that cannot work: `npm run` of a script that no package has, `node` with a file and `cd` to a
 * folder that do not exist. Looks into `sh` blocks, and into the code within sentences and tables.
 */
export function brokenCommands({ path, blocks, sections }: Document): string[] {
  const shell = blocks.filter(({ language, role }) => language === 'sh' && role === '')
  const spans = sections.flatMap(({ codeSpans }) => codeSpans).filter((code) => /^(npm|node) /.test(code))
  const lines = [...shell.map(({ code }) => code), ...spans]
  const commands = lines.join('\n').matchAll(/(?<=^|&& )(npm run|node|cd) ([^\s-]\S*)/gm)
  return [...commands]
    .filter(([, verb = '', name = '']) => !canWork(verb, name, posix.dirname(path)))
    .map(([command]) => `${path} ${command}`)
}

function canWork(verb: string, name: string, here: string): boolean {
  if (verb === 'npm run') return scripts.has(name)
  // A folder that `git clone` makes, or a file of the reader's own.
  if (/^\.\.|^sock$/.test(name) || (verb === 'node' && !name.includes('/'))) return true
  // A file in `dist` may not have been built yet, so look for its source in `src`.
  const source = name.replace(/\/dist\/(.*)\.js$/, '/src/$1.ts')
  return [here, '.'].some((folder) => existsSync(posix.join(root, folder, source)))
}
