import { inspect } from 'node:util'
import { isThenable } from '../async/deferred.js'
import { closestWord } from './spelling.js'

/** Checks one value: returns the value to use, or throws an error that names option and value. */
export type Check<T> = (value: unknown, name: string) => T

/** The checks of an options object, one per known key. A missing key is checked as `undefined`. */
export type Checks<T> = { readonly [K in keyof T]-?: Check<T[K]> }

/** The result of the checks: every key, with its default where the value was missing. */
export type Checked<C> = { readonly [K in keyof C]: C[K] extends Check<infer T> ? T : never }

/**
 * Checks an options object. Only own keys count, so a polluted prototype adds nothing, and an object that may have others
 * (a `Map`, an instance of a class) is refused. The result is a frozen copy, so later changes to the object have no
 * effect.
 *
 * @param what names the options in messages, such as `createTcpServer options`
 * @throws TypeError for a wrong type or an unknown key, RangeError for a value out of range
 */
export function checkOptions<C extends { readonly [key: string]: Check<unknown> }>(
  what: string,
  value: unknown,
  checks: C,
): Checked<C> {
  if (value !== undefined && !isRecord(value)) throw wrongType(what, 'an object', value)
  if (value !== undefined && !isPlain(value)) throw wrongType(what, 'a plain object', value)
  const given: Record<string, unknown> = value ?? {}
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(checks, key)) throw unknownOption(key, what, Object.keys(checks))
  }
  const result: Record<string, unknown> = {}
  for (const [key, check] of Object.entries(checks)) {
    result[key] = check(Object.hasOwn(given, key) ? given[key] : undefined, key)
  }
  return Object.freeze(result) as Checked<C>
}

function unknownOption(key: string, what: string, known: readonly string[]): TypeError {
  const closest = closestWord(key, known)
  const list = `known options are ${known.join(', ')}`
  const advice = closest === undefined ? `the ${list}` : `did you mean "${closest}"? The ${list}`
  return wrongValue(`Unknown option "${key}" in ${what}: ${advice}${moreAdvice(key, what, known)}`)
}

/** Returns what to do about options that newcomers try. */
function moreAdvice(key: string, what: string, known: readonly string[]): string {
  // First, because the signal of listen() also shuts the server down: it is no time limit.
  if (what === 'listen options') return '. Parts of the target belong to the first argument'
  if (key !== 'timeout' || !known.includes('signal')) return ''
  return '. To limit the time, pass signal: AbortSignal.timeout(ms)'
}

/** Returns the error for a value of a wrong type, with Node's code for it. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return withCode(
    new TypeError(`Invalid "${name}": expected ${expected}, got ${shown(value)}`),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** Returns the error for an argument of the right type with a wrong value, with Node's code for it. */
export function wrongValue(message: string): TypeError {
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_VALUE')
}

/** Returns a value that was not expected, as the end of a message. */
export function shown(value: unknown): string {
  if (isThenable(value)) return 'a promise. Await it first'
  return inspect(value, { depth: 0, breakLength: Infinity })
}

/** Returns the error for an argument that has no effect, such as a callback for `close()`. */
export function unexpectedArgument(method: string, argument: unknown): TypeError {
  return wrongValue(`Invalid argument: ${method} takes no argument, got ${shown(argument)}`)
}

/** Returns the error for a number out of range, with Node's code for it. */
export function outOfRange(name: string, expected: string, value: number): RangeError {
  return withCode(
    new RangeError(`Invalid "${name}": expected ${expected}, got ${inspect(value)}`),
    'ERR_OUT_OF_RANGE',
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an object has no prototype, or `Object.prototype` of any realm: options may come from another one (`node:vm`). */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}

/** Sets the code of an error, and returns the error. */
function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}
