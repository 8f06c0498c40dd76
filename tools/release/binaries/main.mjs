import { runCommand } from '../../checks/bootstrap/command.mjs'
import { build, prepack } from './build.mjs'
import { check } from './check.mjs'
import { muslHeaders } from './musl.mjs'
import { TARGETS } from './targets.mjs'

/** Also started by pnpm when it packs a binary, and therefore a program of its own. */
const commands = {
  build,
  prepack,
  check,

  /** Fetches what building for musl needs, so that tests, which fetch nothing, are not skipped. */
  async headers() {
    for (const { cpu } of Object.values(TARGETS)) await muslHeaders(cpu)
  },
}

await runCommand(commands)
