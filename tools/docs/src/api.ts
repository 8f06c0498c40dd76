import ts from 'typescript'
import { root } from './markdown.js'

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

let api: ts.Program | undefined

function typeOf(module: string, name: string): { type: ts.Type; checker: ts.TypeChecker } {
  const fileOf = (one: string): string => `${root}${one.replace('@sock', 'packages')}/dist/index.d.ts`
  const modules = ['core', 'framing', 'native', 'tcp', 'udp', 'unix', 'unixgram'].map((one) => `@sock/${one}`)
  api ??= ts.createProgram(modules.map(fileOf), { module: ts.ModuleKind.NodeNext, skipLibCheck: true })
  const checker = api.getTypeChecker()
  const file = checker.getSymbolAtLocation(api.getSourceFile(fileOf(module)) as ts.SourceFile) as ts.Symbol
  const symbol = checker.getExportsOfModule(file).find((one) => one.name === name) as ts.Symbol
  return { type: checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol)), checker }
}
