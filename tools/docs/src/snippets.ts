import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Linter } from 'eslint'
import { configs, parser } from 'typescript-eslint'
import ts from 'typescript'
import { root, type Block } from './markdown.js'

/** A piece of TypeScript out of a document. */
export interface Snippet {
  /** Where it stands, `README.md:12`. */
  readonly where: string
  readonly code: string
}

/** Where snippets are imagined to be: from here `@sock/*` resolves as in a user's project, by name and `exports`. */
const FOLDER = fileURLToPath(new URL('../imagined/', import.meta.url))

/** As a user would have it: strict, ESM for Node. Unused names are allowed, since examples end early. */
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
 * The `ts` blocks of a document, without parts of files, which are checked where they are. A block with the role `more`
 * goes on where the one before it ended.
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

/** What the compiler says against the snippets, as lines `README.md:12: message`. */
export function typeErrors({ program, names }: Compilation): string[] {
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    const code = file?.text.slice(start).split('\n', 1)[0]
    return `${names.get(file?.fileName ?? '') ?? file?.fileName}: ${text} (at: ${code})`
  })
}

const NODE_TEST = { from: 'package', name: ['test', 'it', 'describe'], package: 'node:test' }

/** What the strictest rules for typed code that many projects use say against the snippets, as lines `README.md:12: …`. */
export function lintErrors({ program, names }: Compilation): string[] {
  const linter = new Linter({ configType: 'flat', cwd: root })
  const config = [
    ...configs.strictTypeChecked,
    { files: ['**/*.ts'], languageOptions: { parser, parserOptions: { programs: [program] } } },
    {
      rules: {
        // Examples end early: your program uses what they make.
        '@typescript-eslint/no-unused-vars': 'off',
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

function typeOf(module: string, name: string): { type: ts.Type; checker: ts.TypeChecker } {
  const code = `import type { ${name} } from '${module}'\nexport declare const wanted: ${name}`
  const { program } = compile([{ where: name, code }])
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(`${FOLDER}0.ts`) as ts.SourceFile
  const [wanted] = checker.getExportsOfModule(checker.getSymbolAtLocation(file) as ts.Symbol)
  return { type: checker.getTypeOfSymbolAtLocation(wanted as ts.Symbol, file), checker }
}

export interface Compilation {
  readonly program: ts.Program
  /** Where each file of the program comes from. */
  readonly names: ReadonlyMap<string, string>
}

/** Files on the disk, which every program reads: to parse them each time takes most of the time. */
const sources = new Map<string, ts.SourceFile | undefined>()

/** Makes a program of files of the repository. */
export function compileFiles(paths: readonly string[]): Compilation {
  const names = new Map(paths.map((path) => [join(root, path), path]))
  return { program: ts.createProgram([...names.keys()], OPTIONS), names }
}

/** Makes a program of files that exist only here. */
export function compile(snippets: readonly Snippet[]): Compilation {
  const files = new Map(snippets.map(({ code }, index) => [`${FOLDER}${index}.ts`, code]))
  const names = new Map(snippets.map(({ where }, index) => [`${FOLDER}${index}.ts`, where]))
  const disk = ts.createCompilerHost(OPTIONS)
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    getSourceFile(path, version, ...rest) {
      const code = files.get(path)
      if (code !== undefined) return ts.createSourceFile(path, code, version)
      if (!sources.has(path)) sources.set(path, disk.getSourceFile(path, version, ...rest))
      return sources.get(path)
    },
  }
  return { program: ts.createProgram([...files.keys()], OPTIONS, host), names }
}
