import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { root, type Document } from './markdown.js'

/** npm's own commands that run a script of that name. */
const SCRIPT_COMMANDS = new Set(['start', 'test'])
/** npm's own commands, which need no script. */
const NPM_COMMANDS = new Set(['install', 'ci', 'exec', 'rebuild', 'approve-scripts', 'view', 'login', 'pkg'])

/**
 * The commands of a document that cannot work: scripts that no package.json has, files and folders that do not exist.
 * Looks into `sh` blocks and, for `npm` and `node`, into the code within sentences and tables.
 */
export function brokenCommands({ path, blocks, codeSpans }: Document): string[] {
  const folder = path.startsWith('packages/') ? posix.dirname(path) : '.'
  const inBlocks = blocks
    .filter(({ language, role }) => language === 'sh' && role === '')
    .flatMap(({ code, line }) => brokenLines(code).map((problem) => `${path}:${line} ${problem}`))
  const inSentences = codeSpans
    .filter((code) => /^(npm|node) /.test(code))
    // A sentence may speak of the repository or of the package it stands in.
    .filter((code) => problemOf(code, folder) !== undefined && problemOf(code, '.') !== undefined)
    .map((code) => `${path} ${problemOf(code, folder)}`)
  return [...inBlocks, ...inSentences]
}

function brokenLines(code: string): string[] {
  return code.split('\n').flatMap((line) => {
    let folder = '.'
    return line
      .replace(/(^|\s)#.*$/, '')
      .split('&&')
      .flatMap((part) => {
        const command = part.trim()
        if (command.startsWith('cd ')) folder = command.slice(3).trim()
        return problemOf(command, folder) ?? []
      })
  })
}

function problemOf(command: string, folder: string): string | undefined {
  const words = command.split(/\s+/)
  const [program = '', verb = '', name = ''] = words
  if (program === 'cd') return existsSync(join(root, folder)) ? undefined : `there is no folder ${folder}`
  if (program === 'node' && verb.includes('/')) {
    return existsSync(join(root, folder, sourceOf(verb))) ? undefined : `there is no file ${verb}`
  }
  if (program !== 'npm' || NPM_COMMANDS.has(verb)) return undefined
  const script = verb === 'run' ? name : verb
  if (verb !== 'run' && !SCRIPT_COMMANDS.has(verb)) return `npm has no command "${verb}"`
  return scriptsIn(folder).includes(script) ? undefined : `${folder} has no script "${script}"`
}

/** What is built comes from `src`, and may not have been built yet. */
function sourceOf(file: string): string {
  return /\/dist\/.*\.js$/.test(file) ? file.replace('/dist/', '/src/').replace(/\.js$/, '.ts') : file
}

function scriptsIn(folder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>
  }
  return Object.keys(manifest.scripts ?? {})
}
