import { plain } from '../../jest.base.js'

export default { ...plain, maxWorkers: 1 }
