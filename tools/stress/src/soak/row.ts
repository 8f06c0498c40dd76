/** One line of the verdict: what was looked at, what was seen, and what is wrong with it. */
export interface Row {
  readonly name: string
  readonly seen: string
  readonly problems: readonly string[]
}
