import { inspect, types } from 'node:util'

/** Anything can be thrown, and errors of another realm are no `instanceof Error`. */
export function asError(value: unknown): Error {
  if (value instanceof Error || types.isNativeError(value)) return value
  return new Error(typeof value === 'string' ? value : inspect(value))
}
