import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { Application, LogLevel, type TypeDocOptions } from 'typedoc'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Core first: what other doors export once more is described there. */
const DOORS = [
  'core/src/index.ts',
  'tcp/src/index.ts',
  'udp/src/index.ts',
  'unix/src/index.ts',
  'unixgram/src/index.ts',
  'core/src/stream.ts',
  'core/src/datagram.ts',
  'core/src/testing.ts',
]

export const PACKAGES = ['@sock/core', '@sock/tcp', '@sock/udp', '@sock/unix', '@sock/unixgram']

/** TypeDoc over the doors of all packages, and what it complains about, which grows as it works. */
export interface Api {
  readonly app: Application
  readonly problems: readonly string[]
}

/** @param options what goes beyond the doors */
export async function createApi(options: Partial<TypeDocOptions> = {}): Promise<Api> {
  const app = await Application.bootstrap({
    name: '@sock',
    entryPoints: DOORS.map((door) => `${root}packages/${door}`),
    tsconfig: fileURLToPath(new URL('../tsconfig.typedoc.json', import.meta.url)),
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
