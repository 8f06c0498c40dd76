import { readDocuments } from '../markdown.js'

/** The sections of the navigation and their Markdown files. The README of a package is part of its API page. */
const SECTIONS = {
  Decisions: /^decisions\//,
  Reference: /^(SECURITY|docs\/(options|errors|platforms|benchmarks|measuring|stability))\.md$/,
  'Writing a transport':
    /^(docs\/(writing-a-transport|listeners-and-ports|testing-a-transport|fake-ports)|examples\/memory\/README)\.md$/,
  Contributing: /^(ARCHITECTURE|CONTRIBUTING|TESTING|RELEASING|docs\/faults)\.md$/,
  Guides: /^(docs\/.+|examples\/README)\.md$/,
}

/** The section of a page: the first that matches. Returns undefined for a Markdown file that is not on the site. */
export const sectionOf = (path: string): string | undefined =>
  Object.entries(SECTIONS).find(([, files]) => files.test(path))?.[0]

/** The pages in the order of their last links in the README; pages without a link follow. */
export function pagesInOrder(): string[] {
  const documents = readDocuments()
  const order = documents.find(({ path }) => path === 'README.md')?.links ?? []
  const rank = (path: string): number => (order.includes(path) ? order.lastIndexOf(path) : order.length)
  return documents
    .map(({ path }) => path)
    .filter((path) => sectionOf(path) !== undefined)
    .toSorted((one, other) => rank(one) - rank(other))
}
