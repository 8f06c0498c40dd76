import { join } from 'node:path'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'
import { fetchNode, NODES, OLDEST } from '../../checks/nodes.mjs'
import { conform } from './conformance.mjs'
import { buildTarget } from './targets.mjs'

/** One binary, on every version of Node that is supported. */
export async function checkNodes(chosen) {
  const binary = inRoot('.cache/binaries/nodes.node')
  await buildTarget(`linux-${process.arch}-gnu`, binary)
  for (const version of [...Object.values(OLDEST), ...Object.values(NODES)]) {
    console.log(`Node ${version}`)
    await conform(binary, [join(await fetchNode(version), 'bin/node')], chosen)
  }
}
