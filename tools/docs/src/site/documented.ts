import {
  Comment,
  ReflectionKind,
  type Application,
  type DeclarationReflection,
  type ProjectReflection,
  type SignatureReflection,
} from 'typedoc'

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

/** Lets TypeDoc find public symbols without a comment, links to nowhere, and types that no entry point exports. */
export function validate(app: Application, project: ProjectReflection, packages: readonly string[]): void {
  const { options } = app
  const checks = { notDocumented: true, notExported: false, invalidLink: true, invalidPath: true }
  const others = { rewrittenLink: false, unusedMergeModuleWith: false }
  options.setValue('packagesRequiringDocumentation', [...packages])
  options.setValue('requiredToBeDocumented', [...KINDS])
  // The keys of `streamServerChecks` and its like are the options of the same name, which have the comments.
  const properties = project
    .getReflectionsByKind(ReflectionKind.Property)
    .map((it) => it.getFriendlyFullName())
  const keys = properties.filter((name) => /\.\w*[cC]hecks\.__type\.\w+$/.test(name))
  options.setValue('intentionallyNotDocumented', keys)
  options.setValue('validation', { ...checks, ...others })
  app.validate(project)
  // Of exports TypeDoc judges one package at a time.
  const none = { notDocumented: false, invalidLink: false, invalidPath: false }
  options.setValue('validation', { ...none, ...others, notExported: true })
  for (const name of packages) {
    project.packageName = name
    app.validate(project)
  }
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
    .map((it) => [it.getFriendlyFullName(), textOf(it as SignatureReflection)] as const)
  const silent = functions.filter(([, text]) => !/@throws|Rejects with/.test(text))
  const without = functions.filter(([, text]) => !text.includes('@example'))
  return [
    ...options,
    ...silent.map(([name]) => `${name} does not say how it fails`),
    ...without.map(([name]) => `${name} has no example`),
  ]
}

const UNIT = /\b(ms|microseconds|seconds|bytes|hops|peers|permissions|owner|group|whole number|0 or 1)\b/i

/** Functions and signals that are not given need no default: nothing is called then, and nothing aborts. */
function unsaidOf(option: DeclarationReflection, text: string): string[] {
  const name = option.getFriendlyFullName()
  const type = String(option.type)
  if (!option.flags.isOptional || type.includes('=>') || type.includes('AbortSignal')) return []
  const problems = /\bdefault\b/i.test(text) ? [] : [`${name} does not say its default`]
  if (/\bnumber\b/.test(type) && !UNIT.test(text)) problems.push(`${name} does not say its unit`)
  return problems
}

function textOf({ comment }: DeclarationReflection | SignatureReflection): string {
  if (comment === undefined) return ''
  const tags = comment.blockTags.map(({ tag, content }) => `${tag} ${Comment.combineDisplayParts(content)}`)
  return [Comment.combineDisplayParts(comment.summary), ...tags].join('\n')
}
