import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

export const TRANSPORTS = ['tcp', 'unix', 'udp', 'unixgram']

/**
 * Runs the conformance suite of each transport over one binary, and prints a line for each.
 *
 * @param node what starts Node: a program and its first arguments
 * @param except which cases are left out, as a regular expression
 * @param isSlow whether cases may fail, since they wait for seconds and everything takes many times as long
 * @param examine what is wrong with the output of a run, although the suite has passed
 */
export async function conform(
  binary,
  node,
  { env = {}, part = '', transports = TRANSPORTS, except = '', isSlow = false, examine } = {},
) {
  const [command, ...first] = node
  const programs = inRoot('tools/release/binaries/programs')
  let isGood = true
  for (const transport of transports) {
    const started = performance.now()
    const { code, output } = await run(
      command,
      [
        ...first,
        '--require',
        `${programs}/redirect.cjs`,
        `${programs}/conformance.mjs`,
        transport,
        part,
        except,
      ],
      { env: { ...process.env, SOCK_NATIVE_BINARY: binary, ...env } },
    )
    const problem = examine?.(output)
    const [counts] = output.match(/^\d+ passed, \d+ failed, \d+ skipped$/m) ?? []
    // Without its last line it has not come to its end.
    if (problem !== undefined || counts === undefined || (code !== 0 && !isSlow)) isGood = false
    if (!isGood || code !== 0) console.log(output)
    const seconds = Math.round((performance.now() - started) / 1_000)
    console.log(
      `${transport.padEnd(10)}${(problem ?? counts ?? `ended with code ${code}`).padEnd(40)}${seconds} s`,
    )
  }
  if (!isGood) throw new Failure('The engine does not do what it should: see above.')
}
