import { createFolder } from '@sock/tools/folder'
import { endAll } from '@sock/tools/processes'
import { listenForStop } from '@sock/tools/stop'
import { installEverywhere } from './installations.mjs'
import { release } from './releases.mjs'
import { setStage } from './stage.mjs'
import { createTree } from './tree.mjs'

/** Releases, installs and uses everything with a temporary registry. Each claim that this proves is a test of `node:test`. */
export async function rehearse() {
  const stop = listenForStop()
  const folder = createFolder('release')
  const leave = async () => {
    await endAll()
    folder.remove()
  }
  stop.wanted.addEventListener('abort', () => void leave().finally(() => process.exit(stop.exitCode)))
  try {
    const stage = await setStage(folder.path)
    const tree = await createTree(stage)
    const releases = await release(tree, stage.registry)
    await installEverywhere(stage, releases)
  } catch (error) {
    // After Ctrl-C, programs fail because they were ended.
    if (!stop.wanted.aborted) throw error
  } finally {
    await leave()
  }
}
