import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { run } from './processes.js'
import { binaryFolders, platformOf, ROOT } from './repository.js'

/** Gives the packages of binaries in the tree `root` the version of `@sock/native`. */
export async function alignBinaries(root: string): Promise<void> {
  const { alignBinaries: align } = await load<{ alignBinaries: (root: string) => void }>('align.mjs')
  align(root)
}

/** Builds the binaries that will be packed. @returns what is in the way, if anything is */
export async function buildBinaries(root: string): Promise<string | undefined> {
  const platforms = [...binaryFolders(root).values()].map(platformOf)
  const program = join(root, 'tools/release/binaries/main.mjs')
  const { code, output } = await run(process.execPath, [program, 'prepack', ...platforms], {
    cwd: root,
    env: process.env,
  })
  return code === 0 ? undefined : output.trim()
}

/** The platforms whose binaries this machine can build without fetching anything, and the others. */
export async function sortPlatforms(): Promise<{ built: string[]; skipped: string[] }> {
  const { canBuild } = await load<{ canBuild: (platform: string) => boolean }>('targets.mjs')
  const all = [...binaryFolders(ROOT).values()].map(platformOf)
  return { built: all.filter(canBuild), skipped: all.filter((name) => !canBuild(name)) }
}

/** Of the workspace that builds binaries, which is plain JavaScript. */
const load = <T>(file: string): Promise<T> =>
  import(pathToFileURL(join(ROOT, 'tools/release/binaries', file)).href) as Promise<T>
