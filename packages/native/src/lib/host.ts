import { createRequire } from 'node:module'

/** The properties that decide which binary can be loaded. */
export interface Host {
  readonly platform: string
  readonly arch: string
  /** A function, since detection takes a while and is rarely needed. */
  readonly libc: () => 'gnu' | 'musl'
  /** As `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>
  /** As `require()` in a file of this folder. */
  readonly load: (id: string) => unknown
}

/** The location of this file, or of the bundle it is part of: in a CommonJS bundle `import.meta` is empty. */
const here = (import.meta.url as string | undefined) ?? __filename

export const thisHost: Host = {
  platform: process.platform,
  arch: process.arch,
  libc,
  versions: process.versions,
  load: (id) => createRequire(here)(id) as unknown,
}

/** A property that is missing in Node's types. */
interface Report extends NodeJS.ProcessReport {
  excludeNetwork: boolean
}

function libc(): 'gnu' | 'musl' {
  const report = process.report as Report
  const before = report.excludeNetwork
  // Otherwise the report looks up the name of every peer, which may take seconds.
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
    return header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
  } finally {
    report.excludeNetwork = before
  }
}
