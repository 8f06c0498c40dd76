import { measure, mebibytes } from './measure.js'
import { scenarios } from './scenarios.js'

/* Prints how much memory servers take under hostile load, beside what their limits allow. */

for (const name of Object.keys(scenarios)) {
  const { growth, bound, ended } = await measure(name)
  const isHeld = growth <= bound && ended === undefined
  const story = `${mebibytes(growth).padStart(9)} of ${mebibytes(bound).padStart(9)}`
  console.log(`${name.padEnd(60)}${story}${isHeld ? '' : `  OVER ${ended ?? ''}`}`)
  if (!isHeld) process.exitCode = 1
}
