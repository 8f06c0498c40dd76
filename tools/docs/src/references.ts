import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { root, type Document } from './markdown.js'

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

/** Tests that a document names after a link to their file, `[limits](some.test.ts) "name of the test"`, and that are not there. */
export function brokenQuotes({ path, text }: Document): string[] {
  return [...text.matchAll(/\]\(([^)#]+\.(?:ts|mjs))\) "([^"]+)"/g)].flatMap(([, link = '', name = '']) => {
    const file = root + posix.join(posix.dirname(path), link)
    const isThere = existsSync(file) && readFileSync(file, 'utf8').includes(name)
    return isThere ? [] : [`${path} ${link} has no test "${name}"`]
  })
}

/** Blocks `ts part some/file.ts` whose code is not in that file, however it is indented. */
export function brokenParts({ blocks }: Document): string[] {
  const inOneLine = (code: string): string => code.replace(/\s+/g, ' ').trim()
  const isIn = (file: string, code: string): boolean =>
    existsSync(root + file) && inOneLine(readFileSync(root + file, 'utf8')).includes(inOneLine(code))
  return blocks
    .filter(({ role, code, file }) => role === 'part' && !isIn(file, code))
    .map(({ where, file }) => `${where} ${file} has no such part`)
}

/**
 * The commands of a document that cannot work: `npm run` of a script that no package.json has, `node` with a file and `cd`
 * to a folder that do not exist. Looks into `sh` blocks, and into the code within sentences and tables.
 */
export function brokenCommands({ path, blocks, sections }: Document): string[] {
  const shell = blocks.filter(({ language, role }) => language === 'sh' && role === '')
  const spans = sections.flatMap(({ codeSpans }) => codeSpans).filter((code) => /^(npm|node) /.test(code))
  const lines = [...shell.flatMap(({ code }) => code.split('\n')), ...spans]
  return lines.filter((line) => !canWork(line, posix.dirname(path))).map((line) => `${path} ${line.trim()}`)
}

function canWork(line: string, here: string): boolean {
  // A sentence may speak of the repository or of the package it stands in.
  let folders = [here, '.']
  return line
    .replace(/(^|\s)#.*$/, '')
    .split('&&')
    .every((part) => {
      const [program, verb = '', name = ''] = part.trim().split(/\s+/)
      if (program === 'cd') {
        folders = [verb]
        return /^\.\.|^sock$/.test(verb) || existsSync(root + verb)
      }
      if (program === 'node' && verb.includes('/'))
        return folders.some((folder) => existsSync(posix.join(root, folder, sourceOf(verb))))
      const script = verb === 'run' ? name : ['start', 'test'].includes(verb) ? verb : undefined
      return program !== 'npm' || script === undefined || folders.some((folder) => hasScript(folder, script))
    })
}

/** What is built comes from `src`, and may not have been built yet. */
function sourceOf(file: string): string {
  return /\/dist\/.*\.js$/.test(file) ? file.replace('/dist/', '/src/').replace(/\.js$/, '.ts') : file
}

function hasScript(folder: string, script: string): boolean {
  const manifest = `${root}${folder}/package.json`
  if (!existsSync(manifest)) return false
  return script in ((JSON.parse(readFileSync(manifest, 'utf8')) as { scripts?: object }).scripts ?? {})
}
