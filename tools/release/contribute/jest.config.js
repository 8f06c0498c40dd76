import { plain } from '../../../jest.base.js'

/** ms; a clone, an installation, all tests of a package and its benchmark, on a busy machine. */
export default { ...plain, testTimeout: 1_800_000 }
