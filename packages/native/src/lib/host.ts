import { createRequire } from 'node:module'

/** What decides which binary can be loaded. */
export interface Host {
  readonly platform: string
  readonly arch: string
  /** A function, since finding out takes a while, and is rarely needed. */
  readonly libc: () => 'gnu' | 'musl'
  /** Like `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>
  /** Like `require()` of a file in this folder. */
  readonly load: (id: string) => unknown
}

/** Where this file is, or the bundle that it has become a part of: in one that is CommonJS `import.meta` is empty. */
const here = (import.meta.url as string | undefined) ?? __filename

export const thisHost: Host = {
  platform: process.platform,
  arch: process.arch,
  libc,
  versions: process.versions,
  load: (id) => createRequire(here)(id) as unknown,
}

/** What its types do not know yet. */
interface Report extends NodeJS.ProcessReport {
  excludeNetwork: boolean
}

function libc(): 'gnu' | 'musl' {
  const report = process.report as Report
  const before = report.excludeNetwork
  // Otherwise it asks for the name of every peer, which may take seconds.
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
    return header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
  } finally {
    report.excludeNetwork = before
  }
}
