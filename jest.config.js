/**
 * Each package has a configuration of its own, and its script passes a flag to Node. Jest at the root only says what to type.
 *
 * @type {import('jest').Config}
 */
export default {
  testMatch: ['<rootDir>/{packages,examples,tools}/**/*.test.{ts,mjs}'],
  globalSetup: './tools/checks/jest-at-root.mjs',
}
