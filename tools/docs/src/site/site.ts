import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  Comment,
  CommentTag,
  Converter,
  MinimalSourceFile,
  normalizePath,
  ReflectionKind,
  type Application,
  type Context,
  type DocumentReflection,
} from 'typedoc'
import { createApi, folderOf, PACKAGES, root } from './api.js'
import { showSources } from './sources.js'
import { sections, type Section } from './pages.js'

const API = 'Packages'

/**
 * Builds the site into a folder, which is emptied first.
 *
 * @returns what is wrong with it; a good site has no problems
 */
export async function buildSite(out: string): Promise<readonly string[]> {
  const parts = sections()
  const { app, problems } = await createApi({
    out,
    name: '@sock',
    readme: `${root}README.md`,
    projectDocuments: parts.flatMap(({ files }) => files.map((file) => root + file)),
    groupOrder: ['Guides', API, 'Reference', 'Project', 'Decisions', '*'],
    navigation: { includeGroups: true, includeCategories: false, includeFolders: false },
    searchInComments: true,
    searchInDocuments: true,
    // Who looks for a word should find the guide before the twenty properties of that name.
    searchGroupBoosts: { Guides: 10, Reference: 3 },
    headings: { readme: false, document: false },
    hideGenerator: true,
    visibilityFilters: {},
    highlightLanguages: ['ts', 'js', 'json', 'yaml', 'sh', 'ini', 'diff', 'c', 'text'],
    customCss: fileURLToPath(new URL('../../site.css', import.meta.url)),
    favicon: fileURLToPath(new URL('../../favicon.svg', import.meta.url)),
  })
  placeDocuments(app, parts)
  placeReadmes(app)

  const project = await app.convert()
  if (project !== undefined) {
    app.options.setValue('validation', { invalidLink: true, invalidPath: true, notDocumented: false })
    app.validate(project)
    await app.generateOutputs(project)
    showSources(out)
  }
  return problems
}

/** Documents are called like their first heading, and stand in their section. */
function placeDocuments(app: Application, parts: readonly Section[]): void {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context: undefined, document: DocumentReflection) => {
    const path = document.project.files.getReflectionPath(document)
    const section = parts.find(({ files }) => files.some((file) => normalizePath(root + file) === path))
    const heading = /^# (.+)$/m.exec(readFileSync(path as string, 'utf8'))?.[1]
    if (heading !== undefined) document.name = heading
    if (section !== undefined) document.frontmatter['group'] = section.title
  })
}

/** The page of a package begins with its README. */
function placeReadmes(app: Application): void {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project, converter }: Context) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      if (!module.isDeclaration()) continue
      module.comment ??= new Comment()
      module.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: API }]))
      if (!PACKAGES.some(({ name }) => name === module.name)) continue
      const path = normalizePath(`${root}${folderOf(module.name)}/README.md`)
      const text = readFileSync(path, 'utf8').replace(/^# .+\n/, '')
      project.files.registerReflectionPath(path, module)
      // The README says it in more words.
      module.comment.summary = []
      module.readme = converter.parseRawComment(new MinimalSourceFile(text, path), project.files).content
    }
  })
}
