import { existsSync, readdirSync } from 'node:fs'
import { root } from '../markdown.js'

/** A part of the site's navigation, with the Markdown files in it, from the root of the repository. */
export interface PageGroup {
  readonly title: string
  readonly files: readonly string[]
}

/** The pages after the guides, in the order in which one reads them. */
const REFERENCE = ['errors', 'options', 'platforms', 'engines', 'benchmarks', 'measuring', 'faults']
const PROJECT = ['writing-a-transport', 'listeners-and-ports', 'testing-a-transport', 'deprecation']
/** Guides that one reads first, and those that only some need. Others stand between them. */
const FIRST = [
  'getting-started',
  'transports',
  'handlers',
  'node-streams',
  'datagrams',
  'shutdown',
  'tls',
  'socket-files',
  'observation',
]
const LAST = ['testing-your-server', 'fake-ports', 'from-node', 'from-golib']

/** The pages that are written as Markdown; the READMEs of the packages are part of their API's page. */
export function pageGroups(): readonly PageGroup[] {
  const named = new Set(inDocs([...FIRST, ...LAST, ...REFERENCE, ...PROJECT]))
  const others = markdownIn('docs').filter((file) => !named.has(file))
  const guides = [...inDocs(FIRST), ...others, ...inDocs(LAST), 'examples/README.md']
  const project = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'TESTING.md', ...inDocs(PROJECT)]
  const groups = [
    { title: 'Guides', files: guides },
    { title: 'Reference', files: [...inDocs(REFERENCE), 'SECURITY.md'] },
    { title: 'Project', files: [...project, 'examples/memory/README.md'] },
    { title: 'Decisions', files: markdownIn('decisions') },
  ]
  return groups.map(({ title, files }) => ({ title, files: files.filter((file) => existsSync(root + file)) }))
}

const inDocs = (names: readonly string[]): string[] => names.map((name) => `docs/${name}.md`)

function markdownIn(folder: string): string[] {
  const names = readdirSync(root + folder).filter((name) => name.endsWith('.md'))
  return names.toSorted().map((name) => `${folder}/${name}`)
}
