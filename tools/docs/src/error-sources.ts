import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './markdown.js'

/** An error that the packages make. */
export interface MadeError {
  /** `ERR_SOCK_…`, or the name of the class for what is no `SockError`; several where it depends. */
  readonly codes: readonly string[]
  /** What it may say, with `…` for what is put in. */
  readonly messages: readonly string[]
  /** `packages/tcp/src/lib/tcp-server.ts:12`. */
  readonly where: string
}

/** Sources of what is published; the conformance suites in core fail with assertions of a test. */
export function librarySources(): string[] {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => !JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private)
    .flatMap((folder) =>
      readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, 'src', path),
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.replaceAll('\\', '/').includes('/src/lib/testing/'))
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  noEmit: true,
  // Sources of one package call those of another.
  paths: {
    '@sock/core': [join(root, 'packages/core/src/index.ts')],
    '@sock/core/*': [join(root, 'packages/core/src/*.ts')],
  },
}

/** Every `new …Error(…)` in these files, with what can be known of its code and its message without running it. */
export function madeErrors(paths: readonly string[]): MadeError[] {
  const program = ts.createProgram(paths, OPTIONS)
  const files = paths.map((path) => program.getSourceFile(path) as ts.SourceFile)
  const texts = createTexts(program.getTypeChecker(), files)
  const found: MadeError[] = []
  for (const file of files) {
    visit(file, (node) => {
      if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression)) return
      const { text: name } = node.expression
      if (!name.endsWith('Error')) return
      const [first, second] = node.arguments ?? []
      if (first === undefined) return
      const { line } = file.getLineAndCharacterOfPosition(node.getStart())
      const where = `${file.fileName.slice(root.length)}:${line + 1}`
      const codes = name === 'SockError' ? texts(first) : [name]
      const message = name === 'SockError' ? second : first
      found.push({ codes, messages: message === undefined ? ['…'] : texts(message), where })
    })
    found.push(...wordsIn(file))
  }
  return found
}

/** What `Words` say of the codes of the system: the message is put together from them, and set on the system's own error. */
function wordsIn(file: ts.SourceFile): MadeError[] {
  const found: MadeError[] = []
  visit(file, (node) => {
    if (!ts.isVariableDeclaration(node) || node.type?.getText() !== 'Words') return
    const table = node.initializer
    if (table === undefined || !ts.isObjectLiteralExpression(table)) return
    const { line } = file.getLineAndCharacterOfPosition(node.getStart())
    const where = `${file.fileName.slice(root.length)}:${line + 1}`
    const actions = ACTIONS.filter(([prefix]) => node.name.getText().startsWith(prefix))
    const messages = table.properties.filter(ts.isPropertyAssignment).flatMap(({ name, initializer }) => {
      const [wrong, wayOut] = (initializer as ts.ArrayLiteralExpression)
        .elements as unknown as ts.StringLiteral[]
      const starts = actions.length === 0 ? ACTIONS : actions
      return starts.map(([, start]) => `${start} "…": ${wrong?.text} (${name.getText()}). ${wayOut?.text}`)
    })
    found.push({ codes: ['Error'], messages, where })
  })
  return found
}

/** How a table of {@link wordsIn} is called, and how its messages begin; one that is called otherwise holds for both. */
const ACTIONS = [
  ['LISTEN_', 'Cannot listen on'],
  ['CONNECT_', 'Cannot connect to'],
] as const

/** All texts that an expression can be, as far as one can see; `…` stands for what one cannot. */
function createTexts(checker: ts.TypeChecker, files: readonly ts.SourceFile[]) {
  const calls = files.flatMap(callsIn)
  /** Parameters that are looked at just now. */
  const open = new Set<ts.ParameterDeclaration>()

  function texts(node: ts.Expression): string[] {
    if (ts.isStringLiteralLike(node)) return [node.text]
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return texts(node.expression)
    if (ts.isConditionalExpression(node)) return unique([...texts(node.whenTrue), ...texts(node.whenFalse)])
    if (ts.isTemplateExpression(node)) {
      const spans = node.templateSpans.flatMap(({ expression, literal }, index) => {
        const before = node.templateSpans[index - 1]?.literal ?? node.head
        // What is quoted is what the user gave.
        return [before.text.endsWith('"') ? ['…'] : known(expression), [literal.text]]
      })
      return joined([[node.head.text], ...spans])
    }
    if (ts.isBinaryExpression(node)) return textsOfOperation(node)
    if (ts.isIdentifier(node)) return textsOfName(node)
    return ['…']
  }

  function textsOfOperation({ left, operatorToken, right }: ts.BinaryExpression): string[] {
    switch (operatorToken.kind) {
      case ts.SyntaxKind.PlusToken:
        return isText(left) ? joined([texts(left), texts(right)]) : ['…']
      case ts.SyntaxKind.AmpersandAmpersandToken:
        return texts(right)
      case ts.SyntaxKind.QuestionQuestionToken:
      case ts.SyntaxKind.BarBarToken:
        return unique([...texts(left), ...texts(right)])
      default:
        return ['…']
    }
  }

  /** What is put into a template. Where anything can be, single words are but examples of it; sentences are worth telling. */
  function known(node: ts.Expression): string[] {
    const values = texts(node)
    return values.includes('…') ? values.filter((value) => value === '…' || value.includes(' ')) : values
  }

  function textsOfName(name: ts.Identifier): string[] {
    const declaration = declarationOf(name)
    if (declaration === undefined) return ['…']
    if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined)
      return texts(declaration.initializer)
    if (ts.isParameter(declaration)) return textsOfParameter(declaration)
    return ['…']
  }

  const isText = (node: ts.Node): boolean =>
    (checker.getTypeAtLocation(node).flags & ts.TypeFlags.StringLike) !== 0

  /** What it is in every call of its function. */
  function textsOfParameter(parameter: ts.ParameterDeclaration): string[] {
    // A function that calls itself says nothing new.
    if (open.has(parameter)) return []
    open.add(parameter)
    const index = parameter.parent.parameters.indexOf(parameter)
    const given = calls
      .filter((call) => isImplementedBy(calledBy(call), parameter.parent))
      .flatMap((call) => call.arguments[index] ?? [])
      .flatMap(texts)
    open.delete(parameter)
    return given.length === 0 ? ['…'] : unique(given)
  }

  function calledBy({ expression }: ts.CallExpression): ts.Node | undefined {
    const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression
    const declaration = declarationOf(name)
    return declaration !== undefined && ts.isVariableDeclaration(declaration)
      ? declaration.initializer
      : declaration
  }

  function declarationOf(name: ts.Node): ts.Declaration | undefined {
    const symbol = checker.getSymbolAtLocation(name)
    if (symbol === undefined) return undefined
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
    return (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations?.[0]
  }

  return texts
}

/** A method of an interface is implemented by every method of that name: more than enough is better than too little. */
function isImplementedBy(called: ts.Node | undefined, implementation: ts.Node): boolean {
  if (called === undefined || !ts.isMethodSignature(called)) return called === implementation
  if (called.getSourceFile().isDeclarationFile) return false
  return ts.isMethodDeclaration(implementation) && implementation.name.getText() === called.name.getText()
}

function callsIn(file: ts.SourceFile): ts.CallExpression[] {
  const found: ts.CallExpression[] = []
  visit(file, (node) => {
    if (ts.isCallExpression(node)) found.push(node)
  })
  return found
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node)
  ts.forEachChild(node, (child) => visit(child, look))
}

/** One of each, one after the other, in all combinations. */
const joined = (parts: readonly (readonly string[])[]): string[] =>
  parts.reduce<string[]>((before, part) => before.flatMap((left) => part.map((right) => left + right)), [''])

const unique = (values: readonly string[]): string[] => [...new Set(values)]
