export { run } from '../processes.mjs'
