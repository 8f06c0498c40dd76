import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * How plain JavaScript is tested: tools that run before anything is compiled.
 *
 * @type {import('jest').Config}
 */
export const plain = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.mjs'],
  // Against hanging only: what a test waits for comes as soon as the machine gets to it.
  testTimeout: 180_000,
  // turbo already runs as many packages at once as there are cores.
  maxWorkers: '50%',
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json', 'node'],
  transform: {},
}

/**
 * How the TypeScript package in `folder` is tested. Types are not jest's business: ts-jest only takes them away, and
 * `npm run typecheck` checks them.
 *
 * @returns {import('jest').Config}
 */
export function typescript(folder) {
  return {
    ...plain,
    testMatch: ['<rootDir>/test/**/*.test.ts'],

    extensionsToTreatAsEsm: ['.ts'],
    transform: {
      '^.+\\.ts$': ['ts-jest', { useESM: true, transpilation: true, tsconfig: '<rootDir>/tsconfig.json' }],
    },
    // TypeScript sources import './x.js' and mean './x.ts'; compiled ones find x.js, as they have no x.ts.
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
    moduleFileExtensions: ['ts', ...plain.moduleFileExtensions],

    coverageProvider: 'v8',
    // This package's own sources, also those that no test loads; neither its doors, which only re-export, nor the
    // dist of another package.
    collectCoverageFrom: ['src/lib/**/*.ts', ...typeOnlySources(folder).map((path) => `!${path}`)],
    coverageReporters: ['text-summary', 'lcov'],
    coverageThreshold: { global: { lines: 90 } },
  }
}

/**
 * Sources of which nothing is left at run time. They can be neither run nor covered, but would be counted as files that
 * no test loads.
 */
function typeOnlySources(folder) {
  const compilerOptions = { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, removeComments: true }
  return readdirSync(join(folder, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((path) => {
      const source = readFileSync(join(folder, path), 'utf8')
      return ts.transpileModule(source, { compilerOptions }).outputText.trim() === 'export {};'
    })
}
