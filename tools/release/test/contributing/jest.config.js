import { plain } from '../../../../jest.base.js'

/** ms: installation, build and tests in a new clone, on a busy machine. */
export default { ...plain, testMatch: ['<rootDir>/*.test.mjs'], testTimeout: 1_800_000 }
