import { Failure } from '../processes.mjs'

/**
 * Runs one of `commands` with the arguments of this process: the first is its name. What can be named ends with a
 * sentence and the exit code 1; anything else is a mistake of ours, and keeps its stack.
 */
export async function runCommand(commands) {
  const [name = '', ...args] = process.argv.slice(2)
  try {
    if (!Object.hasOwn(commands, name))
      throw new Failure(`Cannot run "${name}": known are ${Object.keys(commands).join(', ')}`)
    await commands[name](args)
  } catch (error) {
    const isExplained = error instanceof Failure || error?.code?.startsWith('ERR_PARSE_ARGS')
    if (!isExplained) throw error
    if (error.output) console.error(error.output.trimEnd() + '\n')
    console.error(error.message)
    process.exitCode = 1
  }
}
