export { plain as default } from '../../jest.base.js'
