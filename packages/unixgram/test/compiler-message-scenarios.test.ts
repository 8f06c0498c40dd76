import { describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

describe('createUnixgramServer', () => {
  it('createUnixgramServer() for a handler of connections makes the compiler say what is missing', () => {
    const messages = compile(`
      import type { Connection } from '@sock/core'
      import { createUnixgramServer } from '../src/index.js'
      createUnixgramServer((connection: Connection) => connection.closeWrite())
    `)
    expect(messages).toHaveLength(1)
    expect(messages[0]).toContain(`is not assignable to parameter of type 'UnixgramHandler<unknown>'`)
    expect(messages[0]).toContain(
      `Type 'UnixgramChannel<unknown>' is missing the following properties from type`,
    )
    // Five names or so, and no page of type parameters.
    expect(messages[0]!.length).toBeLessThan(500)
  })
})

/** Returns the compiler's messages about a program in this folder. */
function compile(text: string): string[] {
  const path = fileURLToPath(new URL('compiled.ts', import.meta.url))
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
  }
  const disk = ts.createCompilerHost(options)
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === path || disk.fileExists(name),
    getSourceFile: (name, version) =>
      name === path ? ts.createSourceFile(name, text, version) : disk.getSourceFile(name, version),
  }
  const program = ts.createProgram([path], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
