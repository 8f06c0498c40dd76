import { types } from 'node:util'
import { printed } from './printed.js'

/**
 * Returns a thrown value as an Error. Any value can be thrown, and errors of another realm fail `instanceof Error`.
 */
export function asError(value: unknown): Error {
  if (value instanceof Error || types.isNativeError(value)) return value
  return new Error(typeof value === 'string' ? value : printed(value))
}
