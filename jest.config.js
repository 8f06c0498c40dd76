const canRun = [...process.execArgv, process.env['NODE_OPTIONS']]
  .join(' ')
  .includes('--experimental-vm-modules')

/**
 * `NODE_OPTIONS=--experimental-vm-modules npx jest packages/tcp` at the root runs the tests of a package, once it is built.
 * Without the flag, which the script of each package passes to Node, Jest only says what to type.
 *
 * @type {import('jest').Config}
 */
export default canRun
  ? { projects: ['<rootDir>/packages/*/jest.config.js', '<rootDir>/examples/jest.config.js'] }
  : {
      testMatch: ['<rootDir>/{packages,examples,tools}/**/*.test.{ts,mjs}'],
      globalSetup: './tools/checks/jest-at-root.mjs',
    }
