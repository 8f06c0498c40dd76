import { Failure } from '../bootstrap/failure.mjs'
import { build } from './build.mjs'
import { check } from './check.mjs'
import { muslHeaders } from './musl.mjs'
import { TARGETS } from './targets.mjs'

/** Also started by pnpm when it packs a binary, and therefore a program of its own. */
const commands = {
  build,
  check,

  /** Fetches what building for musl needs, so that tests, which fetch nothing, are not skipped. */
  async headers() {
    for (const { cpu } of Object.values(TARGETS)) await muslHeaders(cpu)
  },
}

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
