import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

/** Of each transport; together a million. */
const CONNECTIONS = 500_000
/** Growth from the first tenth to the last, in MiB: a byte per connection would be half of one. */
const MOST_GROWTH = 16

/** Opens and closes connections, whose tenth reports must all say the same. */
export async function checkConnections() {
  const program = inRoot('tools/release/binaries/programs/connections.mjs')
  for (const transport of ['tcp', 'unix']) {
    const { code, output } = await run(process.execPath, [
      '--expose-gc',
      program,
      transport,
      `${CONNECTIONS}`,
    ])
    console.log(output.trimEnd())
    if (code !== 0) throw new Failure(`Cannot open ${CONNECTIONS} connections over ${transport}`)
    const reports = [...output.matchAll(/RSS ([\d.]+) MiB.* (\d+) descriptors/g)].map(([, ...all]) =>
      all.map(Number),
    )
    // The second: the first is taken before everything is there that stays.
    const [, [rssBefore, descriptorsBefore]] = reports
    const [rss, descriptors] = reports.at(-1)
    if (descriptors > descriptorsBefore) throw new Failure(`Descriptors are left over ${transport}`)
    if (rss - rssBefore > MOST_GROWTH) throw new Failure(`Memory grows over ${transport}`)
  }
}
