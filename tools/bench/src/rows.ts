import picomatch from 'picomatch'
import { scenarios } from './scenarios/scenarios.js'
import type { Scenario } from './scenarios/scenario.js'
import { TRANSPORTS, type Transport } from './transports.js'

/** One line of the table: a scenario over a transport. */
export interface RowPlan {
  readonly name: string
  readonly transport: Transport
  readonly scenario: Scenario
}

export const allRows: readonly RowPlan[] = TRANSPORTS.flatMap((transport) =>
  scenarios
    .filter((scenario) => scenario.transports.includes(transport))
    .map((scenario) => ({ name: `${transport}/${scenario.name}`, transport, scenario })),
)

/** Whether `pattern` means this row: its name, its transport, or a glob. */
export function matchesRow(pattern: string, name: string): boolean {
  return name.startsWith(`${pattern}/`) || picomatch.isMatch(name, pattern)
}

/** @throws an Error for a pattern that means no row */
export function chooseRows(patterns: readonly string[]): readonly RowPlan[] {
  for (const pattern of patterns) {
    if (allRows.some(({ name }) => matchesRow(pattern, name))) continue
    throw new Error(`no row is called ${pattern}; --list shows all`)
  }
  if (patterns.length === 0) return allRows
  return allRows.filter(({ name }) => patterns.some((pattern) => matchesRow(pattern, name)))
}
