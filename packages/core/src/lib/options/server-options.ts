import { checkOptions, isRecord, withCode, type Check, type Checked } from './check.js'

/** Names of callbacks. None is also an option, so a handler passed in place of the options can be recognised. */
const CALLBACKS = ['open', 'data', 'end', 'drain', 'close']

/**
 * Checks options like {@link checkOptions}, and that handler and options came in the right order.
 *
 * @param creator the name of the function that was called
 * @throws TypeError if handler and options are in the wrong order
 */
export function checkServerOptions<C extends { readonly [key: string]: Check<unknown> }>(
  creator: string,
  handler: unknown,
  options: unknown,
  checks: C,
): Checked<C> {
  if (isHandler(options) || areOptions(handler, checks)) {
    const error = new TypeError(
      `Invalid arguments: the handler comes first, then the options: ${creator}(handler, options)`,
    )
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
