import type { Ground } from './grounds.js'

/** A row of the table: a program that others wrote, on each ground. */
export interface Row {
  /** What must hold. */
  readonly name: string
  /** A program that must be installed: else the row is skipped. */
  readonly needs?: string
  test(ground: Ground): Promise<void>
}
