import { plain } from '../../jest.base.js'

export default plain
