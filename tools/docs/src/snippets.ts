import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '@sock/tools/processes'
import { root, type Block } from './markdown.js'

/** TypeScript code from a document. */
export interface Snippet {
  /** Its file and line: `README.md:12`. */
  readonly where: string
  readonly code: string
  /** The file with this code. Default: a temporary file of its own. */
  readonly path?: string
}

/** A folder for snippets. From here `@sock/*` resolves as in a user's project, by name and `exports`. */
const FOLDER = fileURLToPath(new URL('../.cache/', import.meta.url))
const CONFIG = fileURLToPath(new URL('../strict.oxlintrc.jsonc', import.meta.url))

/** The settings of a user: strict, ES modules for Node. Unused names are allowed, since examples end early. */
const OPTIONS = {
  target: 'es2022',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  moduleDetection: 'force',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  noEmit: true,
}

/**
 * The `ts` blocks of a document, without parts of files, which are checked in their files. A block with the role `more`
 * continues the block before it.
 */
export function snippetsOf(blocks: readonly Block[]): Snippet[] {
  const snippets: Snippet[] = []
  for (const { language, role, code, where } of blocks) {
    if (language !== 'ts' || role === 'part') continue
    const before = role === 'more' ? `${snippets.at(-1)?.code}\n` : ''
    snippets.push({ where, code: before + code })
  }
  return snippets
}

interface Diagnostic {
  readonly message: string
  readonly code: string
  readonly help?: string
  readonly filename: string
  readonly labels: readonly { readonly span: { readonly line: number } }[]
}

/** The errors of the compiler, and of typescript-eslint's strictest common rules, as lines `README.md:12: …`. */
export async function errorsIn(snippets: readonly Snippet[]): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true })
  const folder = mkdtempSync(FOLDER)
  try {
    const files = new Map(snippets.map((one, index) => [one.path ?? `${index}.ts`, one]))
    for (const [path, { code }] of files) if (!path.startsWith(root)) writeFileSync(join(folder, path), code)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS }))
    const how = ['--type-aware', '--type-check', '--no-ignore', '--format=json', `--config=${CONFIG}`]
    const { output } = await run(`${root}node_modules/.bin/oxlint`, [...how, ...files.keys()], {
      cwd: folder,
    })
    const { diagnostics } = JSON.parse(output) as { diagnostics: readonly Diagnostic[] }
    return diagnostics.map(({ filename, message, help = '', code, labels: [label] }) => {
      const { where = filename, code: text = '' } = files.get(filename) ?? {}
      return `${where}: ${message} ${help} (${code}, at: ${text.split('\n')[(label?.span.line ?? 0) - 1]?.trim()})`
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
