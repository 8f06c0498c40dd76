import { checkOptions, isRecord, wrongValue, type Check, type Checked } from './check.js'

/** Names of callbacks. None is also an option, so a handler passed in place of the options can be recognised. */
const CALLBACKS = ['open', 'data', 'end', 'drain', 'close']

/**
 * Checks options like {@link checkOptions}, and that handler and options came in the right order.
 *
 * @param creator the name of the function that was called
 * @param targetKeys the parts of a target of `listen()`, first the one that it must have. One of them among the options
 * is refused with this advice. Default: none
 * @throws TypeError if handler and options are in the wrong order
 */
export function checkServerOptions<C extends { readonly [key: string]: Check<unknown> }>(
  creator: string,
  handler: unknown,
  options: unknown,
  checks: C,
  targetKeys: readonly string[] = [],
): Checked<C> {
  if (isHandler(options) || areOptions(handler, checks)) {
    throw wrongValue(
      `Invalid arguments: the handler comes first, then the options: ${creator}(handler, options)`,
    )
  }
  if (isRecord(options)) refuseTargetKeys(creator, Object.keys(options), checks, targetKeys)
  return checkOptions(`${creator} options`, options, checks)
}

function refuseTargetKeys(
  creator: string,
  given: readonly string[],
  checks: object,
  targetKeys: readonly string[],
): void {
  const key = given.find((name) => targetKeys.includes(name) && !Object.hasOwn(checks, name))
  if (key === undefined) return
  const [required] = targetKeys
  const parts = key === required ? key : `${required}, ${key}`
  throw wrongValue(
    `Unknown option "${key}" in ${creator} options: it belongs to the target. Call listen({ ${parts} })`,
  )
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
