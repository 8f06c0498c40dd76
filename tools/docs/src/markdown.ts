import { lexer, walkTokens, type Token, type Tokens } from 'marked'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A block of code between fences. */
export interface Block {
  /** The first word after the fence: `ts`, `sh`… */
  readonly language: string
  /** The second: what the block is for, see TESTING.md. */
  readonly role: string
  /** The third, for blocks that are a file or a part of one. */
  readonly file: string
  readonly code: string
  /** Of the opening fence, from 1. */
  readonly line: number
}

export interface Table {
  /** The text of the heading it stands under. */
  readonly heading: string
  /** Cells as they are written, with their Markdown. */
  readonly rows: readonly (readonly string[])[]
}

/** What the checks want to know of a Markdown file. */
export interface Document {
  /** From the root of the repository. */
  readonly path: string
  readonly lines: number
  readonly blocks: readonly Block[]
  readonly tables: readonly Table[]
  /** Targets of links and images. */
  readonly links: readonly string[]
  /** Headings as GitHub names them in links. */
  readonly anchors: ReadonlySet<string>
  /** Code within sentences. */
  readonly codeSpans: readonly string[]
}

/** Every Markdown file that git tracks or would track, but not what changesets and API Extractor write. */
export function readDocuments(): Document[] {
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  return [...new Set(list.split('\0'))]
    .filter((path) => path !== '' && !isWritten(path) && existsSync(root + path))
    .toSorted()
    .map((path) => parseDocument(path, readFileSync(root + path, 'utf8')))
}

const isWritten = (path: string): boolean => path.endsWith('CHANGELOG.md') || path.startsWith('api/')

export function parseDocument(path: string, text: string): Document {
  const blocks: Block[] = []
  const tables: Table[] = []
  const links: string[] = []
  const anchors = new Set<string>()
  const codeSpans: string[] = []
  let heading = ''
  let position = 0

  void walkTokens(lexer(text), (token: Token) => {
    switch (token.type) {
      case 'code': {
        const { raw, text: code, lang = '' } = token as Tokens.Code
        // Tokens do not say where they stand, but come in the order of the text. In a list they lose their indentation,
        // so the fence is looked for, and not the whole block.
        const fence = raw.trimStart().split('\n', 1)[0] as string
        position = text.indexOf(fence, position)
        const [language = '', role = '', file = ''] = lang.split(/\s+/)
        blocks.push({ language, role, file, code, line: text.slice(0, position).split('\n').length })
        position += raw.trim().length
        break
      }
      case 'heading':
        heading = (token as Tokens.Heading).text
        anchors.add(anchorOf(heading))
        break
      case 'table':
        tables.push({
          heading,
          rows: (token as Tokens.Table).rows.map((row) => row.map((cell) => cell.text)),
        })
        break
      case 'link':
      case 'image':
        links.push((token as Tokens.Link).href)
        break
      case 'codespan':
        codeSpans.push((token as Tokens.Codespan).text)
        break
      default:
    }
  })
  return { path, lines: text.trimEnd().split('\n').length, blocks, tables, links, anchors, codeSpans }
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .replace(/\s/g, '-')
}
