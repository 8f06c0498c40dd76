import { fileURLToPath } from 'node:url'
import { Linter } from 'eslint'
import { configs, parser } from 'typescript-eslint'
import ts from 'typescript'
import { root, type Block } from './markdown.js'

/** TypeScript code from a document. */
export interface Snippet {
  /** Its file and line: `README.md:12`. */
  readonly where: string
  readonly code: string
  /** The file that it is; otherwise it is imagined to be in one of its own. */
  readonly path?: string
}

/** The folder of snippets, which need not exist. From here `@sock/*` resolves as in a user's project, by name and `exports`. */
const FOLDER = fileURLToPath(new URL('../imagined/', import.meta.url))

/** The settings of a user: strict, ES modules for Node. Unused names are allowed, since examples end early. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
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

/** The errors of the compiler, as lines `README.md:12: message`. */
export function typeErrors({ program, names }: Compilation): string[] {
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    const code = file?.text.slice(start).split('\n', 1)[0]
    return `${names.get(file?.fileName ?? '') ?? file?.fileName}: ${text} (at: ${code})`
  })
}

const NODE_TEST = { from: 'package', name: ['test', 'it', 'describe'], package: 'node:test' }

/** The errors of typescript-eslint's strictest common rules, as lines `README.md:12: …`. */
export function lintErrors({ program, names }: Compilation): string[] {
  const linter = new Linter({ configType: 'flat', cwd: root })
  const config = [
    ...configs.strictTypeChecked,
    { files: ['**/*.ts'], languageOptions: { parser, parserOptions: { programs: [program] } } },
    {
      rules: {
        // Examples end early: your program uses what they make.
        '@typescript-eslint/no-unused-vars': 'off',
        // A stream of ours passes for a net.Socket, and is none.
        '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
        // node:test waits for its tests by itself.
        '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [NODE_TEST] }],
      },
    },
  ] as unknown as Linter.Config[]
  return [...names].flatMap(([filename, where]) => {
    const code = program.getSourceFile(filename)?.text ?? ''
    return linter.verify(code, config, { filename }).map(({ ruleId, message, line }) => {
      const text = code.split('\n')[line - 1]?.trim()
      return `${where}: ${message} (${ruleId}, at: ${text})`
    })
  })
}

/** A property of an interface, with its documentation. */
export interface Property {
  readonly name: string
  readonly documentation: string
}

/** The properties of an interface that a package exports, inherited ones included. */
export function propertiesOf(module: string, name: string): Property[] {
  const { type, checker } = typeOf(module, name)
  return type.getProperties().map((symbol) => ({
    name: symbol.name,
    documentation: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
  }))
}

/** The members of a union of string literals that a package exports. */
export function literalsOf(module: string, name: string): string[] {
  const { type } = typeOf(module, name)
  return (type as ts.UnionType).types.map((member) => (member as ts.StringLiteralType).value)
}

const MODULES = ['core', 'framing', 'native', 'tcp', 'udp', 'unix', 'unixgram'].map((name) => `@sock/${name}`)
let api: Compilation | undefined

function typeOf(module: string, name: string): { type: ts.Type; checker: ts.TypeChecker } {
  api ??= compile(MODULES.map((where) => ({ where, code: `export * from '${where}'` })))
  const checker = api.program.getTypeChecker()
  const [path = ''] = [...api.names].find(([, where]) => where === module) ?? []
  const file = checker.getSymbolAtLocation(api.program.getSourceFile(path) as ts.SourceFile) as ts.Symbol
  const symbol = checker.getExportsOfModule(file).find((one) => one.name === name) as ts.Symbol
  return { type: checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol)), checker }
}

export interface Compilation {
  readonly program: ts.Program
  /** Where each file of the program comes from. */
  readonly names: ReadonlyMap<string, string>
}

/** Makes a program of snippets, whose files need not exist. */
export function compile(snippets: readonly Snippet[]): Compilation {
  const pathOf = ({ path }: Snippet, index: number): string => path ?? `${FOLDER}${index}.ts`
  const files = new Map(snippets.map((one, index) => [pathOf(one, index), one.code]))
  const names = new Map(snippets.map((one, index) => [pathOf(one, index), one.where]))
  const host = ts.createCompilerHost(OPTIONS)
  const disk = { ...host }
  host.fileExists = (path) => files.has(path) || disk.fileExists(path)
  // The host reads sources in this way, too.
  host.readFile = (path) => files.get(path) ?? disk.readFile(path)
  return { program: ts.createProgram([...files.keys()], OPTIONS, host), names }
}
