import {
  Comment,
  ReflectionKind,
  type Application,
  type DeclarationReflection,
  type ProjectReflection,
  type SignatureReflection,
} from 'typedoc'
import { PACKAGES } from './api.js'

const KINDS = [
  'Module',
  'Variable',
  'Function',
  'Class',
  'Constructor',
  'Interface',
  'Property',
  'Method',
  'Accessor',
  'TypeAlias',
] as const

/** Lets TypeDoc find public symbols without a comment, links to nowhere, and types that no door exports. */
export function validate(
  app: Application,
  project: ProjectReflection,
  packages = PACKAGES.map(({ name }) => name),
): void {
  const { options } = app
  const nothing = {
    notDocumented: false,
    notExported: false,
    invalidLink: false,
    invalidPath: false,
    rewrittenLink: false,
    unusedMergeModuleWith: false,
  }
  options.setValue('packagesRequiringDocumentation', packages)
  options.setValue('requiredToBeDocumented', [...KINDS])
  options.setValue('intentionallyNotDocumented', checksOfOptions(project))
  options.setValue('validation', { ...nothing, notDocumented: true, invalidLink: true, invalidPath: true })
  app.validate(project)

  // Of exports TypeDoc judges one package at a time.
  options.setValue('validation', { ...nothing, notExported: true })
  for (const name of packages) {
    project.packageName = name
    app.validate(project)
  }
}

/** The keys of `streamServerChecks` and its like are the options of the same name, which have the comments. */
function checksOfOptions(project: ProjectReflection): string[] {
  return project
    .getReflectionsByKind(ReflectionKind.Property)
    .map((property) => property.getFriendlyFullName())
    .filter((name) => /\.\w*[cC]hecks\.__type\.\w+$/.test(name))
}

/** Options that say no default or no unit, and functions of transports that do not say how they fail. */
export function unsaid(project: ProjectReflection): string[] {
  const options = project
    .getReflectionsByKind(ReflectionKind.Interface)
    .filter(({ name }) => /(Options|Target)$/.test(name))
    .flatMap((type) => (type as DeclarationReflection).children ?? [])
    .flatMap((option) => unsaidOf(option, textOf(option)))
  const functions = project
    .getReflectionsByKind(ReflectionKind.CallSignature)
    .filter(({ name }) => /^(create|connect)(Tcp|Udp|Unix)/.test(name))
    .filter((signature) => !/@throws|Rejects with/.test(textOf(signature as SignatureReflection)))
  return [...options, ...functions.map((it) => `${it.getFriendlyFullName()} does not say how it fails`)]
}

/** Functions and signals that are not given need no default: nothing is called then, and nothing aborts. */
function unsaidOf(option: DeclarationReflection, text: string): string[] {
  const name = option.getFriendlyFullName()
  const type = String(option.type)
  if (!option.flags.isOptional || type.includes('=>') || type.includes('AbortSignal')) return []
  const problems: string[] = []
  if (!/\bdefault\b/i.test(text)) problems.push(`${name} does not say its default`)
  if (/\bnumber\b/.test(type) && !UNIT.test(text)) problems.push(`${name} does not say its unit`)
  return problems
}

const UNIT = /\b(ms|microseconds|seconds|bytes|hops|peers|permissions|owner|group|whole number|0 or 1)\b/i

function textOf({ comment }: DeclarationReflection | SignatureReflection): string {
  if (comment === undefined) return ''
  const tags = comment.blockTags.map(({ tag, content }) => `${tag} ${Comment.combineDisplayParts(content)}`)
  return [Comment.combineDisplayParts(comment.summary), ...tags].join('\n')
}
