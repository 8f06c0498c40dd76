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

interface Place {
  readonly page: DocumentReflection
  readonly path: string
  readonly section: Section
}

/** A section that a search finds by a name. */
class Part extends DocumentReflection {
  readonly place: Place

  constructor(name: string, place: Place) {
    super(name, place.page, [], place.page.frontmatter)
    this.place = place
  }
}

class Router extends KindRouter {
  override getFullUrl(target: RouterTarget): string {
    if (!(target instanceof Part)) return super.getFullUrl(target)
    const { page, section } = target.place
    return `${super.getFullUrl(page)}#${section.anchor}`
  }
}

/** Makes a search for an error code find its section in the page of errors first, and for an option that of a guide. */
export function improveSearch(app: Application, documents: ReadonlyMap<DocumentReflection, Document>): void {
  app.renderer.defineRouter('parts', Router)
  app.options.setValue('router', 'parts')
  app.renderer.on(IndexEvent.PREPARE_INDEX, (event: IndexEvent) => {
    const places = [...documents].flatMap(([page, { path, sections }]) =>
      sections.map((section): Place => ({ page, path, section })),
    )
    for (const place of places) {
      const code = place.path === 'docs/errors.md' && /ERR_SOCK_\w+/.exec(place.section.heading)?.[0]
      if (code) event.searchResults.push(new Part(code, place))
    }
    // Examples and docs/from-*.md mention many options and explain none.
    const guides = places.filter(
      ({ page, path }) => page.frontmatter['group'] === 'Guides' && /^docs\/(?!from-)/.test(path),
    )
    for (const name of optionsOf(places[0]?.page.project)) {
      const weights = guides.map(({ section }) => weightOf(section, name))
      const most = Math.max(...weights)
      const best = guides[weights.indexOf(most)]
      if (best !== undefined && most > 0) event.searchResults.push(new Part(name, best))
    }
  })
}

/** The names of all options, and of all parts of a target. */
function optionsOf(project: ProjectReflection | undefined): ReadonlySet<string> {
  const properties = project?.getReflectionsByKind(ReflectionKind.Property) ?? []
  const options = properties.filter(({ parent }) => /(Options|Target)$/.test(parent?.name ?? ''))
  return new Set(options.map(({ name }) => name))
}

/** How often a section names an option in its heading, or in code within its sentences and tables. */
const weightOf = ({ heading, codeSpans }: Section, name: string): number =>
  [heading, ...codeSpans].filter((text) => text.split(/\W/).includes(name)).length
