import {
  DocumentReflection,
  IndexEvent,
  KindRouter,
  ReflectionKind,
  type Application,
  type Reflection,
  type RouterTarget,
} from 'typedoc'
import type { Document, Section } from '../markdown.js'
import { sectionOf } from './pages.js'

interface Place extends Section {
  /** That of the document, or for a README that of the package. */
  readonly page: Reflection
  readonly path: string
}

/** A section that a search finds by a name. */
class Part extends DocumentReflection {
  readonly anchor: string

  constructor(name: string, { page, anchor }: Place) {
    super(name, page, [], { group: 'Guides' })
    this.anchor = anchor
  }
}

class Router extends KindRouter {
  override getFullUrl(target: RouterTarget): string {
    if (!(target instanceof Part)) return super.getFullUrl(target)
    return `${super.getFullUrl(target.parent as Reflection)}#${target.anchor}`
  }
}

/** Makes a search find first the section of an error code in docs/errors.md, and that of an option in a guide, or else in a table of options. */
export function improveSearch(app: Application, documents: ReadonlyMap<Reflection, Document>): void {
  app.renderer.defineRouter('parts', Router)
  app.options.setValue('router', 'parts')
  app.renderer.on(IndexEvent.PREPARE_INDEX, (event: IndexEvent) => {
    const places = [...documents].flatMap(([page, { path, sections }]) =>
      sections.map((section): Place => ({ page, path, ...section })),
    )
    for (const place of places) {
      const code = place.path === 'docs/errors.md' && /ERR_SOCK_\w+/.exec(place.heading)?.[0]
      if (code) event.searchResults.push(new Part(code, place))
    }
    // Examples and docs/from-*.md mention many options and explain none.
    const guides = places.filter(({ path }) => sectionOf(path) === 'Guides' && /^docs\/(?!from-)/.test(path))
    const tables = places.filter(({ path }) => path === 'docs/options.md' || path.startsWith('packages/'))
    for (const option of optionsOf(places[0]?.page)) {
      const isListed = ({ rows }: Section): boolean => rows.some(([cell = '']) => names(cell, option))
      const best = mostAbout(option, guides) ?? tables.find(isListed)
      if (best !== undefined) event.searchResults.push(new Part(option, best))
    }
  })
}

/** The names of all options, and of all parts of a target. */
function optionsOf(page: Reflection | undefined): ReadonlySet<string> {
  const properties = page?.project.getReflectionsByKind(ReflectionKind.Property) ?? []
  const options = properties.filter(({ parent }) => /(Options|Target)$/.test(parent?.name ?? ''))
  return new Set(options.map(({ name }) => name))
}

/** The section that names an option most often in its heading, or in code within its sentences and tables. */
function mostAbout(option: string, places: readonly Place[]): Place | undefined {
  const weights = places.map(
    ({ heading, codeSpans }) => [heading, ...codeSpans].filter((text) => names(text, option)).length,
  )
  const most = Math.max(...weights)
  return most > 0 ? places[weights.indexOf(most)] : undefined
}

const names = (text: string, option: string): boolean => text.split(/\W/).includes(option)
