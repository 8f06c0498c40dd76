import { plain } from '../../jest.base.js'

export default { ...plain, testTimeout: 600_000, maxWorkers: 1 }
