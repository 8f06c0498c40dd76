import { inspect } from 'node:util'
import { isThenable } from '../async/deferred.js'
import { SockError } from '../errors/errors.js'
import { checkOptions, isRecord, shown, wrongValue, type Check, type Checked } from '../options/check.js'
import { closestWord } from '../options/spelling.js'

/** Parts that only a target to listen has. None is an option of a client. */
const LISTEN_PARTS = ['mode', 'uid', 'gid', 'ipv6Only', 'reuseAddress', 'reusePort']

/**
 * Checks the parts of a target.
 *
 * @param purpose what the target is for
 * @param target as the program passed it
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`; its cause is the error about the part
 */
export function checkParts<C extends { readonly [key: string]: Check<unknown> }>(
  purpose: 'listen' | 'connect',
  target: unknown,
  parts: Record<string, unknown>,
  checks: C,
): Checked<C> {
  const unknown = Object.keys(parts).find((key) => !Object.hasOwn(checks, key))
  try {
    if (unknown !== undefined) throw unknownPart(unknown, purpose, Object.keys(checks))
    // A copy, since a target may be an instance of a class, such as an address of another library.
    return checkOptions('target', { ...parts }, checks)
  } catch (cause) {
    const why = (cause as Error).message.replace(/^[A-Z]/, (letter) => letter.toLowerCase())
    // The error about a part of an object shows that part.
    throw typeof target === 'string' ? invalid(target, why, cause) : invalidTarget('', why, cause)
  }
}

function unknownPart(key: string, purpose: string, known: readonly string[]): TypeError {
  const closest = closestWord(key, known)
  const question = closest === undefined ? '.' : `: did you mean "${closest}"?`
  const names = known.map((name) => `"${name}"`).join(', ')
  const isOption = purpose === 'connect' && closest === undefined && !LISTEN_PARTS.includes(key)
  const advice = isOption ? '. Options are the second argument' : ''
  return wrongValue(`Unknown "${key}"${question} To ${purpose}, pass only ${names}${advice}`)
}

/** Whether a value may be a target in parts. A promise is there because of a forgotten `await`. */
export function areParts(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !isThenable(value)
}

/** Returns the error for a value that is not a target. @param expected what a target looks like */
export function notATarget(target: unknown, expected: string): SockError {
  return invalidTarget('', `expected ${expected}, got ${shown(target)}`, undefined)
}

/** Returns the error for a malformed target. */
export function invalid(target: unknown, why: string, cause?: unknown): SockError {
  const text = inspect(withOctalMode(target), { breakLength: Infinity, maxStringLength: 200 })
  return invalidTarget(` ${text}`, why, cause)
}

function invalidTarget(text: string, why: string, cause: unknown): SockError {
  const details = cause === undefined ? {} : { cause }
  return new SockError('ERR_SOCK_INVALID_ADDRESS', `Invalid target${text}: ${why}`, details)
}

/** Returns a target that prints its `mode` as users write it. */
function withOctalMode(target: unknown): unknown {
  if (!isRecord(target) || typeof target['mode'] !== 'number') return target
  const mode = `0o${target['mode'].toString(8)}`
  return { ...target, mode: { [inspect.custom]: () => mode } }
}
