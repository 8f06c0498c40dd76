import { typescript } from '../../jest.base.js'

const config = await typescript(import.meta.dirname)

/**
 * Core cannot name @sock/testing as a dependency, since that depends on core. Its tests run both from their sources, as
 * tsconfig.json says too; so there is one copy of core.
 */
export default {
  ...config,
  moduleNameMapper: {
    ...config.moduleNameMapper,
    '^@sock/testing$': '<rootDir>/../testing/src/index.ts',
    '^@sock/core$': '<rootDir>/src/index.ts',
    '^@sock/core/(\\w+)$': '<rootDir>/src/$1.ts',
  },
}
