import ts from 'typescript'
import { fileURLToPath } from 'node:url'
import type { Document } from './markdown.js'

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

/** The `ts` blocks of a document, but those that are a part of a file, which is checked where it is; one with the role `more` goes on where the one before it ended. */
export function snippetsOf({ path, blocks }: Document): Snippet[] {
  const snippets: Snippet[] = []
  let before = ''
  for (const { language, role, code, line } of blocks) {
    if (language !== 'ts' || role === 'part') continue
    const whole = role === 'more' ? `${before}\n${code}` : code
    snippets.push({ where: `${path}:${line}`, code: whole })
    before = whole
  }
  return snippets
}

/** What the compiler says against the snippets, as lines `README.md:12: message`. */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  const { program, names } = createProgram(snippets)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n')
    const code = file?.text.slice(start).split('\n', 1)[0]
    return `${names.get(file?.fileName ?? '') ?? file?.fileName}: ${text} (at: ${code})`
  })
}

/** A property of an interface, with its documentation. */
export interface Property {
  readonly name: string
  readonly documentation: string
}

/** The properties of an interface that a package exports, inherited ones included. */
export function propertiesOf(module: string, name: string): Property[] {
  const { checker, type } = exported(module, name)
  return type.getProperties().map((symbol) => ({
    name: symbol.name,
    documentation: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
  }))
}

/** The members of a union of string literals that a package exports. */
export function literalsOf(module: string, name: string): string[] {
  const { type } = exported(module, name)
  if (!type.isUnion()) throw new Error(`${module} exports no union ${name}`)
  return type.types.map((member) => (member as ts.StringLiteralType).value)
}

interface Exported {
  readonly checker: ts.TypeChecker
  readonly type: ts.Type
}

/** What was looked up before, by module and name: each takes a program of its own. */
const lookedUp = new Map<string, Exported>()

function exported(module: string, name: string): Exported {
  const key = `${module} ${name}`
  const found = lookedUp.get(key) ?? lookUp(module, name)
  lookedUp.set(key, found)
  return found
}

function lookUp(module: string, name: string): Exported {
  const code = `import type { ${name} } from '${module}'\nexport declare const wanted: ${name}`
  const { program, file } = createProgram([{ where: 'wanted', code }])
  const checker = program.getTypeChecker()
  const wanted = checker.getExportsOfModule(checker.getSymbolAtLocation(file) as ts.Symbol)[0] as ts.Symbol
  return { checker, type: checker.getTypeOfSymbolAtLocation(wanted, file) }
}

export interface Compilation {
  readonly program: ts.Program
  /** Where each file of the program comes from. */
  readonly names: ReadonlyMap<string, string>
  /** The first snippet. */
  readonly file: ts.SourceFile
}

/** Files on the disk, which every program reads: to parse them each time takes most of the time. */
const sources = new Map<string, ts.SourceFile | undefined>()

/** A program over files that exist only here. */
export function createProgram(snippets: readonly Snippet[]): Compilation {
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
  const program = ts.createProgram([...files.keys()], OPTIONS, host)
  return { program, names, file: program.getSourceFile(`${FOLDER}0.ts`) as ts.SourceFile }
}
