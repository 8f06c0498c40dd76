import { parseArgs } from 'node:util'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { checkArm64 } from './arm64.mjs'
import { TRANSPORTS } from './conformance.mjs'
import { checkConnections } from './connections.mjs'
import { checkFuzz } from './fuzz.mjs'
import { checkNodes } from './nodes.mjs'
import { checkAsan, checkModel, checkValgrind } from './sanitizers.mjs'
import { countSyscalls } from './syscalls.mjs'

const checks = {
  fuzz: checkFuzz,
  asan: checkAsan,
  model: checkModel,
  valgrind: checkValgrind,
  arm64: checkArm64,
  nodes: checkNodes,
  connections: checkConnections,
  syscalls: countSyscalls,
}

/**
 *   --fuzz       random bytes for what the addon parses, with sanitizers
 *   --asan       the conformance suites with AddressSanitizer and UBSan
 *   --model      random sequences of tools/stress with the same; also --minutes (default 10) and --seed
 *   --valgrind   the conformance suites under valgrind
 *   --arm64      the same with the binary for arm64, under qemu-user
 *   --nodes      the same with one binary on every version of Node
 *   --connections   opens and closes a million connections, and prints what the process holds
 *   --syscalls   counts the system calls per message, with either engine
 *   --transport <name>   only tcp, unix, udp or unixgram; may be repeated
 *   --part <w>   only cases whose name contains this
 */
export async function check(args) {
  const flags = Object.fromEntries(Object.keys(checks).map((name) => [name, { type: 'boolean' }]))
  const { values } = parseArgs({
    args,
    options: {
      ...flags,
      part: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      transport: { type: 'string', multiple: true },
    },
  })
  const chosen = Object.keys(checks).filter((name) => values[name])
  if (chosen.length === 0)
    throw new Failure(
      `Cannot check nothing: known are ${Object.keys(checks)
        .map((name) => `--${name}`)
        .join(', ')}`,
    )
  const { part, minutes, seed, transport: transports } = values
  const unknown = transports?.find((name) => !TRANSPORTS.includes(name))
  if (unknown !== undefined)
    throw new Failure(`Cannot check "${unknown}": known are ${TRANSPORTS.join(', ')}`)
  for (const name of chosen) await checks[name]({ part, transports, minutes, seed })
}
