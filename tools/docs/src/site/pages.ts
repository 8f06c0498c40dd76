import { existsSync, readdirSync } from 'node:fs'
import { root } from './api.js'

/** A part of the site's navigation, with the Markdown files in it, from the root of the repository. */
export interface Section {
  readonly title: string
  readonly files: readonly string[]
}

/** In the order in which one reads them. What is not there, or not yet, is left out. */
const GUIDES = [
  'docs/getting-started.md',
  'docs/transports.md',
  'docs/handlers.md',
  'docs/node-streams.md',
  'docs/datagrams.md',
  'docs/shutdown.md',
  'docs/tls.md',
  'docs/socket-files.md',
  'docs/observation.md',
  'docs/testing-your-server.md',
  'docs/fake-ports.md',
  'docs/from-node.md',
  'docs/from-golib.md',
  'examples/README.md',
]
const REFERENCE = [
  'docs/errors.md',
  'docs/platforms.md',
  'docs/engines.md',
  'docs/benchmarks.md',
  'docs/faults.md',
  'SECURITY.md',
]
const PROJECT = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'TESTING.md',
  'docs/writing-a-transport.md',
  'examples/memory/README.md',
  'docs/deprecation.md',
]

/** The pages that are written as Markdown; the READMEs of the packages are part of their API's page. */
export function sections(): readonly Section[] {
  const listed = new Set([...GUIDES, ...REFERENCE, ...PROJECT])
  const others = markdownIn('docs').filter((file) => !listed.has(file))
  return [
    { title: 'Guides', files: [...GUIDES, ...others].filter(isThere) },
    { title: 'Reference', files: REFERENCE.filter(isThere) },
    { title: 'Project', files: PROJECT.filter(isThere) },
    { title: 'Decisions', files: markdownIn('decisions') },
  ]
}

const isThere = (file: string): boolean => existsSync(root + file)

function markdownIn(folder: string): string[] {
  return readdirSync(root + folder)
    .filter((name) => name.endsWith('.md'))
    .toSorted()
    .map((name) => `${folder}/${name}`)
}
