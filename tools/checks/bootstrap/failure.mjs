export { Failure } from '../processes.mjs'
