import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { alignBinaries, buildBinaries } from './binaries.js'
import { succeed } from './processes.js'
import { changeFiles, ROOT } from './repository.js'

/** Turns the change files into versions and changelogs. @returns the exit code */
export async function version(): Promise<number> {
  const code = await changesets(['version'])
  if (code === 0) await alignBinaries(ROOT)
  return code
}

/**
 * Publishes every version that the registry does not have yet, and tags it.
 *
 * @param provenance let the registry show which run of a hosted CI has built it; fails elsewhere
 * @returns the exit code
 */
export async function publish(provenance: boolean): Promise<number> {
  const obstacle = await obstacleToPublish()
  if (obstacle !== undefined) {
    console.error(`Cannot publish: ${obstacle}`)
    return 1
  }
  // pnpm, which publishes, does not heed npm's name of this setting.
  return changesets(['publish'], provenance ? { pnpm_config_provenance: 'true' } : {})
}

/** What is published must be what the next release consists of, and must be committed; with a binary for each platform. */
async function obstacleToPublish(): Promise<string | undefined> {
  if (changeFiles(ROOT).length > 0)
    return 'change files wait in .changeset; run `npm run release:version`, and commit what it does'
  const status = await succeed('git', ['status', '--porcelain'], { cwd: ROOT, env: process.env })
  if (status !== '') return 'there is something that is not committed, as `git status` shows'
  // Packing would build them as well, but when other packages are published already.
  const obstacle = await buildBinaries(ROOT)
  return obstacle === undefined ? undefined : `a platform has no binary.\n${obstacle}`
}

async function changesets(args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const bin = join(ROOT, 'node_modules/.bin')
  const child = spawn(process.execPath, [join(ROOT, 'node_modules/@changesets/cli/bin.js'), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    // changesets starts the pnpm that it finds.
    env: { ...process.env, ...env, PATH: bin + delimiter + process.env['PATH'] },
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? 1
}
