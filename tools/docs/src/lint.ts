import { Linter } from 'eslint'
import { configs, parser } from 'typescript-eslint'
import { createProgram, type Snippet } from './type-check.js'

const NODE_TEST = { from: 'package', name: ['test', 'it', 'describe'], package: 'node:test' }

/** What the strictest rules for typed code that many projects use say against the snippets, as lines `README.md:12: …`. */
export function lintErrors(snippets: readonly Snippet[]): string[] {
  const { program, names } = createProgram(snippets)
  const linter = new Linter({ configType: 'flat' })
  const config = [
    ...configs.strictTypeChecked,
    { files: ['**/*.ts'], languageOptions: { parser, parserOptions: { programs: [program] } } },
    {
      rules: {
        // Examples end early: what they make is used by what your program does next.
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
