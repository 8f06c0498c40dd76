export { engine, type NativeEngine } from './lib/engine.js'
export type { Engine } from '@sock/core'
