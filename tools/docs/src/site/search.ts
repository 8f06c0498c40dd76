import {
  DocumentReflection,
  IndexEvent,
  KindRouter,
  ReflectionKind,
  type Application,
  type ProjectReflection,
  type RouterTarget,
} from 'typedoc'
import type { Document, Section } from '../markdown.js'

/** A part of a page that a search finds by its own name. */
class Part extends DocumentReflection {
  readonly page: DocumentReflection
  readonly anchor: string

  constructor(name: string, page: DocumentReflection, anchor: string) {
    super(name, page, [], page.frontmatter)
    this.page = page
    this.anchor = anchor
  }
}

class Router extends KindRouter {
  override getFullUrl(target: RouterTarget): string {
    if (!(target instanceof Part)) return super.getFullUrl(target)
    return `${super.getFullUrl(target.page)}#${target.anchor}`
  }
}

/** Makes a search for an error code find the page of errors first, and for an option the part of a guide that explains it. */
export function improveSearch(app: Application, documents: ReadonlyMap<DocumentReflection, Document>): void {
  app.renderer.defineRouter('parts', Router)
  app.options.setValue('router', 'parts')
  app.renderer.on(IndexEvent.PREPARE_INDEX, (event: IndexEvent) => {
    const [page] = documents.keys()
    if (page === undefined) return
    event.searchResults.push(...namedParts(page.project, documents))
  })
}

interface Place {
  readonly page: DocumentReflection
  readonly path: string
  readonly section: Section
}

type Page = readonly [page: DocumentReflection, document: Document]

function namedParts(project: ProjectReflection, pages: Iterable<Page>): Part[] {
  const all = [...pages].flatMap(([page, { path, sections }]) =>
    sections.map((section) => ({ page, path, section })),
  )
  const errors = all.filter(({ path }) => path === 'docs/errors.md')
  // Examples and docs/from-*.md mention many options and explain none.
  const guides = all.filter(
    ({ page, path }) =>
      page.frontmatter['group'] === 'Guides' && path.startsWith('docs/') && !path.includes('/from-'),
  )
  // Explains the options of engines, and mentions others.
  const engines = all.filter(({ path }) => path === 'docs/engines.md')
  const codes = errors.flatMap(({ page, section }) =>
    codesIn(section).map((code) => new Part(code, page, section.anchor)),
  )
  const options = optionsOf(project).flatMap((name) => {
    const best = bestOf(guides, name) ?? bestOf(engines, name)
    return best === undefined ? [] : [new Part(name, best.page, best.section.anchor)]
  })
  return [...codes, ...options]
}

const codesIn = ({ heading, rows }: Section): string[] =>
  [heading, ...rows.map(([cell = '']) => cell)].flatMap((text) => text.match(/ERR_SOCK_[A-Z_]+/g) ?? [])

/** The names of all options, and of all parts of a target. */
function optionsOf(project: ProjectReflection): string[] {
  const properties = project
    .getReflectionsByKind(ReflectionKind.Property)
    .filter(({ parent }) => /(Options|Target)$/.test(parent?.name ?? ''))
  return [...new Set(properties.map(({ name }) => name))]
}

/** Returns the place that says most about an option, if one says anything. A page with the option's name says more. */
function bestOf(places: readonly Place[], name: string): Place | undefined {
  const weights = places.map(
    ({ path, section }) => weightOf(section, name) + (path === `docs/${name}.md` ? 5 : 0),
  )
  const most = Math.max(0, ...weights)
  return most === 0 ? undefined : places[weights.indexOf(most)]
}

/** How much a section says about an option: a heading or a table row counts more than a mention. */
function weightOf({ heading, rows, codeSpans }: Section, name: string): number {
  const names = (text: string): boolean => new RegExp(`\\b${name}\\b`).test(text)
  const count = (texts: readonly string[]): number => texts.filter(names).length
  return 5 * count([heading]) + 3 * count(rows.map(([cell = '']) => cell)) + count(codeSpans)
}
