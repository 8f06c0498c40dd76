import { inspect } from 'node:util'

/** Returns any value as text. Printing a thrown value may run its own code, which may throw, too. */
export function printed(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return 'a value that cannot be printed'
  }
}
