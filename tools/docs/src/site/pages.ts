import { readDocuments } from '../markdown.js'

/** The sections of the navigation, with the Markdown files in them. The README of a package is a part of its API's page. */
const SECTIONS = {
  Decisions: /^decisions\//,
  Reference: /^(SECURITY|docs\/(errors|platforms|engines|benchmarks|measuring|faults))\.md$/,
  Project:
    /^(ARCHITECTURE|CONTRIBUTING|TESTING|docs\/(writing-a-transport|listeners-and-ports|testing-a-transport|deprecation)|examples\/memory\/README)\.md$/,
  Guides: /^(docs\/.+|examples\/README)\.md$/,
}

/** The section of a page; undefined for a Markdown file that is no page. The first that matches counts. */
export const sectionOf = (path: string): string | undefined =>
  Object.entries(SECTIONS).find(([, files]) => files.test(path))?.[0]

/** The pages in the order in which the README lists them, its last mention counts; the others follow. */
export function pagesInOrder(): string[] {
  const documents = readDocuments()
  const order = documents.find(({ path }) => path === 'README.md')?.links ?? []
  const rank = (path: string): number => (order.includes(path) ? order.lastIndexOf(path) : order.length)
  return documents
    .map(({ path }) => path)
    .filter((path) => sectionOf(path) !== undefined)
    .toSorted((one, other) => rank(one) - rank(other))
}
