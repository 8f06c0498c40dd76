import { cpSync, existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot, workspaces } from '../../checks/bootstrap/workspace.mjs'
import { alignBinaries } from '../binaries/align.mjs'
import { prepackPossible } from '../binaries/build.mjs'
import { binaries, binaryOf, published } from './pack.mjs'

/** What a release needs of the repository, beside the packages. */
const WANTED = ['package.json', 'pnpm-workspace.yaml', '.changeset']

/** What of a package: not its tests, and not what is installed. */
const WANTED_OF_PACKAGES = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'src', 'dist']

/** And of the native engine: `build` is there when a release packs it, and must not be in it. */
const WANTED_OF_ENGINE = ['c', 'build.mjs', 'compile.mjs', 'build']

/**
 * Copies the packages, as they are built, into an empty folder, and applies the change files that wait there. What is
 * packed from it has the versions, ranges and changelogs of the next release. The repository itself stays as it is, but for
 * the binaries that can be built on this machine.
 */
export async function copyAsReleased(folder) {
  // Every manifest: one that is published may name one that is not, as what its tests need.
  const paths = [...WANTED, ...workspaces().map((workspace) => join(workspace.folder, 'package.json'))]
  const wanted = [...WANTED_OF_PACKAGES, ...WANTED_OF_ENGINE]
  for (const { folder: of } of published()) paths.push(...wanted.map((path) => join(of, path)))
  const missing = await prepackPossible()
  for (const { folder: of } of binaries()) if (!missing.includes(basename(of))) paths.push(binaryOf(of))
  // A package that was never released has no changelog.
  for (const path of paths.filter((it) => existsSync(inRoot(it))))
    cpSync(inRoot(path), join(folder, path), { recursive: true, filter: hasSource })

  const changesets = inRoot('node_modules/@changesets/cli/bin.js')
  const { code, output } = await run(process.execPath, [changesets, 'version'], { cwd: folder })
  if (code !== 0) throw new Failure('Cannot apply the change files', output)
  alignBinaries(folder)
}

/** A release is built from nothing: what `dist` still has of a source that is no more would not be in it. */
function hasSource(path) {
  const [, of, name] =
    /^(.*\bpackages[\\/][^\\/]+[\\/])dist[\\/](.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(path) ?? []
  return name === undefined || existsSync(join(of, 'src', `${name}.ts`))
}
