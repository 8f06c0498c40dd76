import { typescript } from '../../jest.base.js'

export default typescript(import.meta.dirname)
