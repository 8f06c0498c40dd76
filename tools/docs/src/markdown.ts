import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lexer, walkTokens, type Token } from 'marked'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A block of code between fences. */
export interface Block {
  /** The first word after the fence: `ts`, `sh`… */
  readonly language: string
  /** The second word: how the block is checked, see TESTING.md. */
  readonly role: string
  /** The third word, for a block that is a part of a file. */
  readonly file: string
  readonly code: string
  /** Its file and line: `README.md:12`. */
  readonly where: string
}

/** The text under one heading. */
export interface Section {
  readonly heading: string
  /** The part of a link after `#`. */
  readonly anchor: string
  /** Code within sentences. */
  readonly codeSpans: string[]
  /** Rows of tables, each with the Markdown of its cells. */
  readonly rows: (readonly string[])[]
}

export interface Document {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** Targets of links and images. */
  readonly links: readonly string[]
  readonly sections: readonly Section[]
}

/** The files of this name, or ending, that git tracks or would track, sorted. */
export function listFiles(name: string): string[] {
  const which = ['--cached', '--others', '--exclude-standard', '--deduplicate']
  const args = ['ls-files', '-z', ...which, '--', `*${name}`]
  const list = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0')
  return list.filter((path) => path !== '' && existsSync(root + path)).toSorted()
}

/** Every Markdown file, but not what changesets and API Extractor write. */
export function readDocuments(): Document[] {
  return listFiles('.md')
    .filter((path) => !/CHANGELOG\.md$|^api\//.test(path))
    .map((path) => parseDocument(path, readFileSync(root + path, 'utf8')))
}

export function parseDocument(path: string, text: string): Document {
  const blocks: Block[] = []
  const links: string[] = []
  const sections: Section[] = []
  const begin = (heading: string): void =>
    void sections.push({ heading, anchor: anchorOf(heading), codeSpans: [], rows: [] })
  begin('')
  let position = 0

  void walkTokens(lexer(text), (token: Token) => {
    if (token.type === 'code') {
      // Tokens have no position, but come in the order of the text.
      position = text.indexOf(token.raw.trimStart().split('\n', 1)[0] as string, position)
      const line = text.slice(0, position).split('\n').length
      const [language = '', role = '', file = ''] = (token['lang'] as string | undefined)?.split(/\s+/) ?? []
      blocks.push({ language, role, file, code: token['text'] as string, where: `${path}:${line}` })
      position += token.raw.trim().length
    } else if (token.type === 'heading') begin(token['text'] as string)
    else if (token.type === 'link' || token.type === 'image') links.push(token['href'] as string)
    else if (token.type === 'codespan') sections.at(-1)?.codeSpans.push(token['text'] as string)
    else if (token.type === 'table') {
      const rows = token['rows'] as { text: string }[][]
      sections.at(-1)?.rows.push(...rows.map((row) => row.map((cell) => cell.text)))
    }
  })
  return { path, text, blocks, links, sections }
}

/** Makes the same anchor as GitHub and TypeDoc. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .replace(/\s/g, '-')
}
