import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  LogLevel,
  MinimalSourceFile,
  normalizePath,
  ReflectionKind,
  type Context,
  type DocumentReflection,
  type ProjectReflection,
  type Reflection,
} from 'typedoc'
import { parseDocument, root, type Document } from '../markdown.js'
import { pagesInOrder, sectionOf } from './pages.js'
import { improveSearch } from './search.js'
import { showSources } from './sources.js'

const API = 'Packages'
/** Core comes first, since the site describes a symbol at the first entry point that exports it. Entry points for authors of transports come last. */
const ENTRY_POINTS = ['core/src/index', '!(core|testing)/src/*', 'core/src/!(index)', 'testing/src/*']
const inFolder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/**
 * Empties a folder and builds the site in it.
 *
 * @returns the problems of the site and of the comments of the API
 */
export async function buildSite(out: string): Promise<readonly string[]> {
  const app = await Application.bootstrap({
    out,
    name: '@sock',
    entryPoints: ENTRY_POINTS.map((path) => `${root}packages/${path}.ts`),
    // `npm run typecheck` checks the types, package by package.
    skipErrorChecking: true,
    tsconfig: inFolder('tsconfig.typedoc.json'),
    sortEntryPoints: false,
    disableSources: true,
    // Node documents the members that our types inherit from it.
    excludeExternals: true,
    basePath: root,
    readme: `${root}README.md`,
    projectDocuments: pagesInOrder().map((path) => root + path),
    groupOrder: ['Guides', API, 'Reference', 'Writing a transport', 'Contributing', 'Decisions', '*'],
    navigation: { includeGroups: true, includeCategories: false, includeFolders: false },
    searchInComments: true,
    searchInDocuments: true,
    // A guide comes before the many properties of the same name.
    searchGroupBoosts: { Guides: 10, Reference: 3 },
    headings: { readme: false, document: false },
    hideGenerator: true,
    visibilityFilters: {},
    highlightLanguages: ['ts', 'js', 'json', 'yaml', 'sh', 'ini', 'diff', 'c', 'text'],
    customCss: inFolder('site.css'),
    favicon: inFolder('favicon.svg'),
  })
  const problems = new Set<string>()
  app.logger.log = (message, level) => {
    // Remove colours, and the severity.
    if (level >= LogLevel.Warn) problems.add(stripVTControlCharacters(message).replace(/^\[\w+\] /, ''))
  }
  const documents = new Map<Reflection, Document>()
  placeDocuments(app, documents)
  placeReadmes(app, documents)
  improveSearch(app, documents)

  const project = await app.convert()
  if (project !== undefined) {
    await app.generateOutputs(project)
    showSources(out)
    validate(app, project)
  }
  return [...problems]
}

/** Names documents after their first heading, and puts them into their section. */
function placeDocuments(app: Application, documents: Map<Reflection, Document>): void {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context: undefined, page: DocumentReflection) => {
    const path = page.project.files.getReflectionPath(page) ?? ''
    const document = parseDocument(path.replace(normalizePath(root), ''), readFileSync(path, 'utf8'))
    documents.set(page, document)
    page.name = document.sections[1]?.heading ?? page.name
    page.frontmatter['group'] = sectionOf(document.path)
  })
}

/** The page of a package begins with its README. */
function placeReadmes(app: Application, documents: Map<Reflection, Document>): void {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project, converter }: Context) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      if (!module.isDeclaration()) continue
      module.comment ??= new Comment()
      module.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: API }]))
      const path = normalizePath(module.name.replace('@sock', `${root}packages`).concat('/README.md'))
      if (!existsSync(path)) continue
      const text = readFileSync(path, 'utf8').replace(/^# .+\n/, '')
      project.files.registerReflectionPath(path, module)
      documents.set(module, parseDocument(path.replace(normalizePath(root), ''), text))
      // The README says more than this comment.
      module.comment.summary = []
      module.readme = converter.parseRawComment(new MinimalSourceFile(text, path), project.files).content
    }
  })
}

/** Lets TypeDoc find public symbols without a comment, broken links, and types that no entry point exports. */
function validate(app: Application, project: ProjectReflection): void {
  const modules = project.getReflectionsByKind(ReflectionKind.Module)
  const packages = [...new Set(modules.map(({ name }) => name.split('/', 2).join('/')))]
  // The keys of `streamServerChecks` and the like are options, which have the comments.
  const properties = project
    .getReflectionsByKind(ReflectionKind.Property)
    .map((it) => it.getFriendlyFullName())
  const keys = properties.filter((name) => /\.\w*[cC]hecks\.__type\.\w+$/.test(name))
  const checks = { notDocumented: true, notExported: true, invalidLink: true, invalidPath: true }
  app.options.setValue('packagesRequiringDocumentation', packages)
  app.options.setValue('intentionallyNotDocumented', keys)
  app.options.setValue('validation', { ...checks, rewrittenLink: false, unusedMergeModuleWith: false })
  // TypeDoc checks exports one package at a time.
  for (const name of packages) {
    project.packageName = name
    app.validate(project)
  }
}
