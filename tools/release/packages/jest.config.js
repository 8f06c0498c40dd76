import { plain } from '../../../jest.base.js'

export default {
  ...plain,
  // Compilers and other versions of Node are started here, and several at once.
  testTimeout: 120_000,
  // Packs once for all test files.
  globalSetup: '<rootDir>/test/support/pack-once.mjs',
}
