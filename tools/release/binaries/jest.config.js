import { plain } from '../../../jest.base.js'

// Compilers run here.
export default { ...plain, testTimeout: 120_000 }
