import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/**
 * How plain JavaScript is tested: tools that run before anything is compiled.
 *
 * @type {import('jest').Config}
 */
export const plain = {
  testEnvironment: 'node',
  reporters: ['default', join(import.meta.dirname, 'tools/checks/jest-report.mjs')],
  testMatch: ['<rootDir>/test/**/*.test.mjs'],
  // Only for tests that hang: no result depends on this time.
  testTimeout: 180_000,
  // turbo runs as many packages at once as there are cores. Run two files of each at once: many wait for other
  // processes, and the last package must not leave a core idle.
  maxWorkers: Math.max(2, Math.ceil(availableParallelism() / 4)),
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json', 'node'],
  transform: {},
}

/** Set by `npm test -- --coverage`; in one package it is jest's own option. Measuring doubles what the tests cost. */
const measuresCoverage = process.env['SOCK_COVERAGE'] === '1' || process.argv.includes('--coverage')

/**
 * How the TypeScript package in `folder` is tested. Types are not jest's business: ts-jest only takes them away, and
 * lint checks them.
 *
 * @returns {Promise<import('jest').Config>}
 */
export async function typescript(folder) {
  return {
    ...plain,
    testMatch: ['<rootDir>/test/**/*.test.ts'],

    extensionsToTreatAsEsm: ['.ts'],
    transform: {
      '^.+\\.ts$': ['ts-jest', { useESM: true, transpilation: true, tsconfig: '<rootDir>/tsconfig.json' }],
    },
    // TypeScript sources import './x.js' for './x.ts'. Compiled files have no './x.ts', so they find './x.js'.
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
    moduleFileExtensions: ['ts', ...plain.moduleFileExtensions],

    ...(measuresCoverage && existsSync(join(folder, 'src/lib')) ? await coverage(folder) : {}),
  }
}

/** Of this package's own sources, also those that no test loads; neither its entry points, which only re-export, nor the dist of another package. */
async function coverage(folder) {
  return {
    collectCoverage: true,
    coverageProvider: 'v8',
    collectCoverageFrom: ['src/lib/**/*.ts', ...(await typeOnlySources(folder)).map((path) => `!${path}`)],
    coverageReporters: ['text-summary', 'lcov'],
    coverageThreshold: { global: { lines: 90 } },
  }
}

/**
 * Sources of which nothing is left at run time. They can be neither run nor covered, but would be counted as files that
 * no test loads.
 */
async function typeOnlySources(folder) {
  const { default: ts } = await import('typescript')
  const compilerOptions = { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, removeComments: true }
  return readdirSync(join(folder, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((path) => {
      const source = readFileSync(join(folder, path), 'utf8')
      return ts.transpileModule(source, { compilerOptions }).outputText.trim() === 'export {};'
    })
}
