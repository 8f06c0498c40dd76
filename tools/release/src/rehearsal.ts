import { constants } from 'node:os'
import { installAlone } from './alone.js'
import { sortPlatforms } from './binaries.js'
import { Claims } from './claims.js'
import { mixVersions } from './compatibility.js'
import { installEngine, installUncompiled, platformHere } from './engine.js'
import { managers } from './managers.js'
import { NATIVE } from './native.js'
import { endAll } from './processes.js'
import { release } from './releases.js'
import { makeFolder, removeFolder, setStage } from './stage.js'
import { Tree } from './tree.js'

/** Releases, installs and uses everything without the outside, and prints what that proves. @returns the exit code */
export async function rehearse(): Promise<number> {
  const folder = makeFolder()
  const interrupt = listenForInterrupts(async () => {
    await endAll()
    removeFolder(folder)
  })
  // What is broken off is not refuted.
  const claims = new Claims((line) => interrupt.signal.aborted || console.log(line))
  try {
    await perform(folder, claims)
    console.log(claims.verdict)
    return claims.hold ? 0 : 1
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode
    console.error(
      `Cannot go on with the rehearsal: ${error instanceof Error ? error.message : String(error)}`,
    )
    return 1
  } finally {
    await endAll()
    removeFolder(folder)
  }
}

async function perform(folder: string, claims: Claims): Promise<void> {
  const stage = await setStage(folder)
  try {
    const { built, skipped } = await sortPlatforms()
    for (const name of skipped) claims.skip(`the binary for ${name}: it cannot be built here`)
    const tree = await Tree.copy(stage, skipped)
    const releases = await release(tree, stage.registry, claims)
    const all = await managers(stage)
    await installAlone(all, releases.broken, tree.readme(NATIVE), claims)
    for (const manager of all) await installUncompiled(manager, claims)
    if (built.includes(platformHere())) {
      for (const manager of all) await installEngine(manager, releases.broken, claims)
    } else claims.skip(`the engine is installed and used: there is no binary for ${platformHere()}`)
    // npm takes one core for both if it can; Yarn 1 would take the newest for tcp.
    const npm = all.find(({ name }) => name === 'npm')
    if (npm !== undefined) await mixVersions(npm, releases, claims)
  } finally {
    await stage.registry.close()
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Cleans up after the first signal, and leaves, which takes a moment. Further ones change nothing: Ctrl-C sends one to
 * every process of the terminal, and npm forwards its own to the program that it runs, which therefore gets two.
 */
function listenForInterrupts(cleanUp: () => Promise<void>) {
  const controller = new AbortController()
  let exitCode = 0
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) return
      exitCode = 128 + constants.signals[name]
      controller.abort()
      void cleanUp().finally(() => process.exit(exitCode))
    })
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
  }
}
