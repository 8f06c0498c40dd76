import { checkOptions, isRecord, withCode, type Check, type Checked } from './check.js'

/** None of them is an option, so that one who gives them instead of options can be told. */
const CALLBACKS = ['open', 'data', 'end', 'drain', 'close']

/**
 * The same as {@link checkOptions} for a function that takes a handler and options, and a check that they came in this order.
 *
 * @param creator its name
 * @throws TypeError if handler and options are in the wrong order
 */
export function checkServerOptions<C extends { readonly [key: string]: Check<unknown> }>(
  creator: string,
  handler: unknown,
  options: unknown,
  checks: C,
): Checked<C> {
  if (isHandler(options) || areOptions(handler, checks)) {
    const error = new TypeError(`Invalid arguments of ${creator}: the handler comes first, then the options`)
    throw withCode(error, 'ERR_INVALID_ARG_VALUE')
  }
  return checkOptions(`${creator} options`, options, checks)
}

function isHandler(options: unknown): boolean {
  if (!isRecord(options)) return typeof options === 'function'
  return CALLBACKS.some((name) => Object.hasOwn(options, name) && typeof options[name] === 'function')
}

function areOptions(handler: unknown, checks: object): boolean {
  if (!isRecord(handler)) return false
  const keys = Object.keys(handler)
  return keys.length > 0 && keys.every((key) => Object.hasOwn(checks, key))
}
