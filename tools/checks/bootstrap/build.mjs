export { build as buildProgram } from '../turbo.mjs'
