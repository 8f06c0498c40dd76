import { inspect } from 'node:util'
import { isRecord, outOfRange, wrongType, wrongValue, type Check } from './check.js'

/** The longest delay of `setTimeout`; a longer one would fire at once. https://nodejs.org/api/timers.html */
export const MAX_TIMEOUT = 2 ** 31 - 1

/** Checks an integer from `min` to `max`. */
export function integer<D>(fallback: D, min: number, max: number): Check<number | D> {
  return (value, name) => {
    if (value === undefined) return fallback
    if (typeof value !== 'number') throw wrongType(name, 'an integer', value)
    if (!Number.isInteger(value) || value < min || value > max) {
      throw outOfRange(name, `an integer from ${min} to ${max}`, value)
    }
    return value
  }
}

/** Checks a time in milliseconds that a timer can wait. */
export function milliseconds<D>(fallback: D, min = 0): Check<number | D> {
  return integer(fallback, min, MAX_TIMEOUT)
}

/** Checks a count; `Infinity` means no limit. */
export function limit<D>(fallback: D, min = 0): Check<number | D> {
  const finite = integer(fallback, min, Number.MAX_SAFE_INTEGER)
  return (value, name) => (value === Infinity ? Infinity : finite(value, name))
}

/** Checks a boolean. */
export function boolean<D>(fallback: D): Check<boolean | D> {
  return typed('boolean', 'a boolean', fallback)
}

/** Checks a string. */
export function string<D>(fallback: D): Check<string | D> {
  return typed('string', 'a string', fallback)
}

/**
 * Checks a function.
 *
 * @typeParam F its type, which is not checked
 */
// oxlint-disable-next-line typescript/no-explicit-any -- any function is accepted; the caller knows its type
export function func<F extends (...args: any[]) => unknown>(): Check<F | undefined> {
  return typed<F, undefined>('function', 'a function', undefined)
}

/** Checks that the value is an object. Its receiver checks its content. */
export function object<T extends object>(): Check<T | undefined> {
  return (value, name) => {
    if (value === undefined) return undefined
    if (!isRecord(value)) throw wrongType(name, 'an object', value)
    return value as T
  }
}

/** Checks that the value is one of `values`. */
export function oneOf<T>(values: readonly T[], fallback: T): Check<T> {
  return (value, name) => {
    if (value === undefined) return fallback
    if ((values as readonly unknown[]).includes(value)) return value as T
    const known = values.map((one) => inspect(one)).join(', ')
    throw wrongValue(`Invalid "${name}": expected one of ${known}, got ${inspect(value)}`)
  }
}

/** Checks an AbortSignal, by what is used of it: it may be of another realm (`node:vm`). */
export const abortSignal: Check<AbortSignal | undefined> = (value, name) => {
  if (value === undefined || isSignal(value)) return value
  throw wrongType(name, 'an AbortSignal', value)
}

function isSignal(value: unknown): value is AbortSignal {
  if (!isRecord(value) || typeof value['aborted'] !== 'boolean') return false
  return SIGNAL_METHODS.every((method) => typeof value[method] === 'function')
}

const SIGNAL_METHODS = ['addEventListener', 'removeEventListener', 'throwIfAborted']

function typed<T, D>(type: string, expected: string, fallback: D): Check<T | D> {
  return (value, name) => {
    if (value === undefined) return fallback
    // TypeScript cannot narrow by a `typeof` result that is compared with a variable, hence the cast below.
    if (typeof value !== type) throw wrongType(name, expected, value)
    return value as T
  }
}
