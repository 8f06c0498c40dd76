import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Application, LogLevel, type TypeDocOptions } from 'typedoc'

export const root = fileURLToPath(new URL('../../../../', import.meta.url))

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: object
}

/** What is published, core first: what other doors export once more is described there. */
export const PACKAGES: readonly Manifest[] = readdirSync(`${root}packages`)
  .toSorted((one, other) => Number(other === 'core') - Number(one === 'core') || one.localeCompare(other))
  .map((folder) => `${root}packages/${folder}/package.json`)
  .filter((path) => existsSync(path))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Manifest)
  .filter((manifest) => manifest.private !== true)

export const folderOf = (name: string): string => `packages/${name.replace('@sock/', '')}`

/** A door is an entry of `exports`, and a file of that name in `src`; those for authors of transports come last. */
function doors(): string[] {
  const all = PACKAGES.flatMap(({ name, exports }) =>
    Object.keys(exports ?? {})
      .filter((door) => !door.endsWith('.json'))
      .map((door) => `${root}${folderOf(name)}/src/${door === '.' ? 'index' : door.slice('./'.length)}.ts`),
  )
  // A package of binaries has no sources.
  return all
    .filter(existsSync)
    .toSorted((one, other) => Number(other.endsWith('/index.ts')) - Number(one.endsWith('/index.ts')))
}

/** TypeDoc over the doors of all packages, and what it complains about, which grows as it works. */
export interface Api {
  readonly app: Application
  readonly problems: readonly string[]
}

/** @param options what goes beyond the doors */
export async function createApi(options: Partial<TypeDocOptions> = {}): Promise<Api> {
  const app = await Application.bootstrap({
    name: '@sock',
    entryPoints: doors(),
    // `npm run typecheck` does that, package by package.
    skipErrorChecking: true,
    tsconfig: fileURLToPath(new URL('../../tsconfig.typedoc.json', import.meta.url)),
    sortEntryPoints: false,
    readme: 'none',
    disableSources: true,
    basePath: root,
    ...options,
  })
  const problems: string[] = []
  app.logger.log = (message, level) => {
    if (level >= LogLevel.Warn) problems.push(plain(message))
  }
  return { app, problems }
}

/** Without colours, and without the word that says how bad it is. */
function plain(message: string): string {
  return stripVTControlCharacters(message).replace(/^\[\w+\] /, '')
}
