import { plain } from '../../jest.base.js'

export default { ...plain, testTimeout: 60_000, maxWorkers: 1 }
