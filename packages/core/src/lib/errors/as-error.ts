import { types } from 'node:util'
import { printed } from './printed.js'

/*
 * Any value can be thrown, passed to a callback as its error, or be the reason of a signal: `undefined`, a string, a proxy, an
 * object whose getters throw. What may be such a value is read only by the functions of this file.
 */

/** Whether it is an error of any realm: Node's errors and the program's may be of different ones (`node:vm`). */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error
  } catch {
    // A proxy, which throws.
    return false
  }
}

/**
 * Returns a property of any value; `undefined` if it has none, or if reading it throws.
 *
 * @internal
 */
export function propertyOf(value: unknown, name: string): unknown {
  try {
    return (Object(value) as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/**
 * Returns what a thrown value says.
 *
 * @internal
 */
export function messageOf(value: unknown): string {
  const message = typeof value === 'object' ? propertyOf(value, 'message') : value
  return typeof message === 'string' ? message : printed(value)
}

/**
 * Returns a thrown value as an Error: itself, or one that has it as its `cause`.
 *
 * @internal
 */
export function asError(value: unknown): Error {
  return isError(value) ? value : new Error(messageOf(value), { cause: value })
}
