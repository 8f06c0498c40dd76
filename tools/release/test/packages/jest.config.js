import { plain } from '../../../../jest.base.js'

// Packs once for all test files.
export default { ...plain, testMatch: ['<rootDir>/*.test.mjs'], globalSetup: '<rootDir>/pack-once.mjs' }
