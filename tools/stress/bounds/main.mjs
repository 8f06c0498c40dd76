// Prints how much memory servers take under load that means no good, beside what their limits allow.
import { measure, mib } from './measure.mjs'
import { scenarios } from './scenarios.mjs'

for (const name of Object.keys(scenarios)) {
  const started = performance.now()
  const { growth, bound, code } = await measure(name)
  const isHeld = growth <= bound && code === 0
  const time = `${((performance.now() - started) / 1_000).toFixed(1)} s`
  console.log(
    `${name.padEnd(60)}${mib(growth).padStart(9)} of ${mib(bound).padStart(9)}${time.padStart(9)}${isHeld ? '' : '  OVER'}`,
  )
  if (!isHeld) process.exitCode = 1
}
