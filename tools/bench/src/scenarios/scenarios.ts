import { echo, oneway } from './bulk.js'
import { connect } from './connect.js'
import { datagramRows } from './datagrams.js'
import { drain } from './drain.js'
import { idle, many } from './idle.js'
import { latency } from './latency.js'
import { rr } from './rr.js'
import { storm } from './storm.js'
import { stuck } from './stuck.js'
import type { Scenario } from './scenario.js'

export const scenarios: readonly Scenario[] = [
  rr,
  oneway,
  echo,
  connect,
  ...datagramRows,
  latency,
  idle,
  many,
  storm,
  drain,
  stuck,
]

export function findScenario(name: string): Scenario {
  const scenario = scenarios.find((known) => known.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`)
  return scenario
}
