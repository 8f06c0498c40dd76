import { line, total } from './results.mjs'
import { compareTrees, readTree } from './tree.mjs'

/** Runs steps, and sums up what they have found. */
export function createSession() {
  const tree = readTree()
  const broken = []

  /**
   * Runs one step, and remembers its name if it failed; the others run all the same, to show everything at once. `holds`
   * gets a function that prints, which keeps the lines of one step together when several run at once.
   */
  const step = async (name, holds) => {
    const lines = []
    const isGood = await holds((text) => lines.push(text.trimEnd()))
    console.log([`${isGood ? 'ok   ' : 'FAIL '} ${name}`, ...lines].join('\n'))
    if (!isGood) broken.push(name)
  }

  /** Says what each has counted, and sets the exit code. The last line is the sum, `N passed, N failed`. */
  const conclude = async (results) => {
    await step('nothing is left behind', (print) => {
      const changes = compareTrees(tree, readTree())
      for (const change of changes) print(change)
      if (changes.length) print('That happened while this ran: by a test, or by you?')
      return changes.length === 0
    })
    console.log()
    for (const result of results) console.log(`${result.name.padEnd(20)}${line(result)}${result.note}`)
    if (broken.length) console.log(`Not in order: ${broken.join('; ')}`)
    const sum = total(results)
    console.log(line(sum))
    process.exitCode = broken.length || sum.failed ? 1 : 0
  }

  return { step, conclude }
}
