import { inspect } from 'node:util'

/** The largest delay of `setTimeout`; a longer one would fire at once. https://nodejs.org/api/timers.html */
const MAX_TIMEOUT = 2 ** 31 - 1

/** Checks one value: returns what to use, or throws the error that names option and value. */
export type Check<T> = (value: unknown, name: string) => T

/** The checks of an options object, one per known key. A missing key is checked as `undefined`. */
export type Checks<T> = { readonly [K in keyof T]-?: Check<T[K]> }

/** What comes out of checking: every key, with its default where it was missing. */
export type Checked<C> = { readonly [K in keyof C]: C[K] extends Check<infer T> ? T : never }

/**
 * Checks an options object given by a user. Only own keys count, so a polluted prototype adds nothing; the result is a
 * frozen copy, so later changes to the object have no effect.
 *
 * @param what names the options in messages, like `createTcpServer options`
 * @throws TypeError for a wrong type or an unknown key, RangeError for a value out of range
 */
export function checkOptions<C extends { readonly [key: string]: Check<unknown> }>(
  what: string,
  value: unknown,
  checks: C,
): Checked<C> {
  if (value !== undefined && !isRecord(value)) throw wrongType(what, 'an object', value)
  const given: Record<string, unknown> = value ?? {}
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(', ')
      const error = new TypeError(`Unknown option "${key}" in ${what}: known are ${known}`)
      throw withCode(error, 'ERR_INVALID_ARG_VALUE')
    }
  }
  const result: Record<string, unknown> = {}
  for (const [key, check] of Object.entries(checks)) {
    result[key] = check(Object.hasOwn(given, key) ? given[key] : undefined, key)
  }
  return Object.freeze(result) as Checked<C>
}

/** An integer from `min` to `max`. */
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

/** A time in milliseconds that a timer can wait for. */
export function milliseconds<D>(fallback: D, min = 0): Check<number | D> {
  return integer(fallback, min, MAX_TIMEOUT)
}

/** A count; `Infinity` stands for no limit. */
export function limit<D>(fallback: D, min = 0): Check<number | D> {
  const finite = integer(fallback, min, Number.MAX_SAFE_INTEGER)
  return (value, name) => (value === Infinity ? Infinity : finite(value, name))
}

/** A boolean. */
export function boolean<D>(fallback: D): Check<boolean | D> {
  return typed('boolean', 'a boolean', fallback)
}

/** A string. */
export function string<D>(fallback: D): Check<string | D> {
  return typed('string', 'a string', fallback)
}

/**
 * A function.
 *
 * @typeParam F its shape, which is not checked
 */
// oxlint-disable-next-line typescript/no-explicit-any -- any function will do; its caller knows its shape
export function func<F extends (...args: any[]) => unknown>(): Check<F | undefined> {
  return typed<F, undefined>('function', 'a function', undefined)
}

/** An object, taken as it is: whoever receives it checks it further. */
export function object<T extends object>(): Check<T | undefined> {
  return (value, name) => {
    if (value === undefined) return undefined
    if (!isRecord(value)) throw wrongType(name, 'an object', value)
    return value as T
  }
}

/** An AbortSignal. */
export const abortSignal: Check<AbortSignal | undefined> = (value, name) => {
  if (value !== undefined && !(isRecord(value) && typeof value['aborted'] === 'boolean')) {
    throw wrongType(name, 'an AbortSignal', value)
  }
  return value as AbortSignal | undefined
}

/** The error for a value of a wrong type, with Node's own code for it. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  const shown = inspect(value, { depth: 0, breakLength: Infinity })
  return withCode(
    new TypeError(`Invalid "${name}": expected ${expected}, got ${shown}`),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** The error for an argument that would do nothing, such as a callback for `close()`. */
export function unexpectedArgument(method: string, argument: unknown): TypeError {
  const shown = inspect(argument, { depth: 0, breakLength: Infinity })
  return withCode(
    new TypeError(`Invalid argument of ${method}: it takes none, got ${shown}`),
    'ERR_INVALID_ARG_VALUE',
  )
}

/** The error for a number out of its range, with Node's own code for it. */
export function outOfRange(name: string, expected: string, value: number): RangeError {
  return withCode(
    new RangeError(`Invalid "${name}": expected ${expected}, got ${inspect(value)}`),
    'ERR_OUT_OF_RANGE',
  )
}

function typed<T, D>(type: string, expected: string, fallback: D): Check<T | D> {
  return (value, name) => {
    if (value === undefined) return fallback
    // `typeof` spelled out is the narrowing TypeScript cannot follow through a variable.
    if (typeof value !== type) throw wrongType(name, expected, value)
    return value as T
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Gives an error its code. */
export function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}
