import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import picomatch from 'picomatch'
import { bulk } from './scenarios/bulk.js'
import { connections } from './scenarios/connections.js'
import { framed } from './scenarios/framed.js'
import { latency } from './scenarios/latency.js'
import { messages } from './scenarios/messages.js'
import type { Scenario } from './scenarios/scenario.js'

const scenarios: readonly Scenario[] = [...messages, ...bulk, ...framed, ...connections, latency]

/** One line of the table: a scenario over a transport. */
export interface RowPlan {
  readonly name: string
  readonly transport: TransportName
  readonly scenario: Scenario
}

export const allRows: readonly RowPlan[] = TRANSPORTS.flatMap((transport) =>
  scenarios
    .filter((scenario) => scenario.transports.includes(transport))
    .map((scenario) => ({ name: `${transport}/${scenario.name}`, transport, scenario })),
)

export function findScenario(name: string): Scenario {
  const scenario = scenarios.find((known) => known.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`)
  return scenario
}

/** Whether `pattern` matches this row: its name, its transport, or a glob. */
export function matchesRow(pattern: string, name: string): boolean {
  return name.startsWith(`${pattern}/`) || picomatch.isMatch(name, pattern)
}

/** @throws Error for a pattern that matches no row */
export function chooseRows(patterns: readonly string[]): readonly RowPlan[] {
  for (const pattern of patterns) {
    if (allRows.some(({ name }) => matchesRow(pattern, name))) continue
    throw new Error(`no row is called ${pattern}; --list shows all`)
  }
  if (patterns.length === 0) return allRows
  return allRows.filter(({ name }) => patterns.some((pattern) => matchesRow(pattern, name)))
}
