import { inspect } from 'node:util'

/** Returns any value as text. A value that was thrown may run code when it is printed, which may throw, too. */
export function printed(value: unknown): string {
  try {
    return inspect(value)
  } catch {
    return 'a value that cannot be printed'
  }
}
