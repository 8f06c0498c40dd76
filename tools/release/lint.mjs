import { spawnSync } from 'node:child_process'
import { headers, sources } from '../../packages/native/compile.mjs'
import { inRoot } from './repository.mjs'

const HOW = ['-std=gnu11', '-O2', '-isystem', headers()]
const files = sources.filter((name) => name.endsWith('.c'))

/** What reads the C code, and says nothing if it is clean. Each takes a second or two. */
const READERS = {
  gcc: {
    args: ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Werror', '-fsyntax-only', ...HOW, ...files],
  },
  // Assembles nothing: what it finds comes before. It must compile each file on its own for that.
  analyzer: { program: 'gcc', args: ['-fanalyzer', '-Werror', '-S', '-o', '/dev/null', ...HOW], each: true },
  // Its checks are in packages/native/.clang-tidy.
  'clang-tidy': { args: ['--quiet', '--warnings-as-errors=*', ...files, '--', ...HOW] },
}

/** @returns the readers that are not installed, a sentence each, and what the others have found */
export function lint(names = Object.keys(READERS)) {
  const skipped = []
  const found = []
  for (const name of names) {
    const { program = name, args, each = false } = READERS[name]
    if (spawnSync(program, ['--version']).status !== 0) {
      skipped.push(`${name} is skipped: ${program} is not installed.`)
      continue
    }
    for (const more of each ? files : [undefined]) {
      const given = more === undefined ? args : [...args, more]
      const { status, stdout, stderr } = spawnSync(program, given, {
        cwd: inRoot('packages/native'),
        encoding: 'utf8',
      })
      // clang-tidy counts on stderr what it has left out.
      if (status !== 0) found.push(`${name}:\n${stdout}${stderr}`)
    }
  }
  return { skipped, found }
}
