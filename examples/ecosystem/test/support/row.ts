import type { Ground } from './grounds.js'

/** A row of the table: a program that others wrote, on each ground. */
export interface Row {
  /** What must hold. */
  readonly name: string
  /** Programs that must be installed, by name or as patterns of paths: else the row is skipped. */
  readonly needs?: readonly string[]
  test(ground: Ground): Promise<void>
}
