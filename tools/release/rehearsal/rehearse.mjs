import { createFolder } from '@sock/tools/folder'
import { endAll } from '@sock/tools/processes'
import { listenForStop } from '@sock/tools/stop'
import { createClaims } from './claims.mjs'
import { installEverywhere } from './installations.mjs'
import { release } from './releases.mjs'
import { setStage } from './stage.mjs'
import { createTree } from './tree.mjs'

/** Releases, installs and uses everything with a temporary registry, and prints the claims that this proves. @returns the exit code */
export async function rehearse() {
  const stop = listenForStop()
  const folder = createFolder('release')
  const leave = async () => {
    await endAll()
    folder.remove()
  }
  stop.wanted.addEventListener('abort', () => void leave().finally(() => process.exit(stop.exitCode)))
  // After Ctrl-C, an unfinished claim has not failed.
  const claims = createClaims((line) => stop.wanted.aborted || console.log(line))
  try {
    const stage = await setStage(folder.path)
    const tree = await createTree(stage, claims)
    const releases = await release(tree, stage.registry, claims)
    await installEverywhere(stage, releases, claims)
    await stage.registry.close()
    console.log(claims.verdict)
    return claims.hold ? 0 : 1
  } catch (error) {
    if (stop.wanted.aborted) return stop.exitCode
    console.error(`Cannot go on with the rehearsal: ${error.stack}`)
    return 1
  } finally {
    await leave()
  }
}
