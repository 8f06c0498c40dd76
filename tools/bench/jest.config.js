import { typescript } from '../../jest.base.js'

// One file at a time: each measures, and would disturb another.
export default { ...(await typescript(import.meta.dirname)), maxWorkers: 1 }
