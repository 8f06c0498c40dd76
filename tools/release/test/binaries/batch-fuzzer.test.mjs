import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKED } from '../../../../packages/native/compile.mjs'
import { lint } from '../../lint.mjs'
import { inRoot } from '../../repository.mjs'
import { buildSanitized, HALTING, sanitizedEnv } from '../../sanitized.mjs'
import { scratchFolder } from '../support.mjs'

const isCompiled = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0
const itCompiled = isCompiled ? it : it.skip
const isTidied = spawnSync('clang-tidy', ['--version']).status === 0
const itTidied = isTidied ? it : it.skip
const folder = scratchFolder()

function fuzz(binaries, seeds, ...more) {
  const program = inRoot('packages/native/test/fuzz/batch/run.mjs')
  const args = [program, '--seed', '1', '--seeds', `${seeds}`, ...more]
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...args, ...binaries.flatMap((binary) => ['--binary', binary])],
    { encoding: 'utf8', env: { ...sanitizedEnv(), ...HALTING } },
  )
  return stdout + stderr
}

describe('the C code', () => {
  itCompiled('has nothing that the warnings of gcc, or its analyzer, object to', () => {
    expect(lint(['gcc', 'analyzer'])).toEqual({ skipped: [], found: [] })
  })

  itTidied('has nothing that clang-tidy objects to', () => {
    expect(lint(['clang-tidy'])).toEqual({ skipped: [], found: [] })
  })
})

describe('the fuzzer of the batch protocol', () => {
  itCompiled('finds nothing with sanitizers, in the addon of tests and in the published one', () => {
    const binaries = ['checked', 'published'].map((name) => join(folder, `${name}.node`))
    buildSanitized(binaries[0], [CHECKED])
    buildSanitized(binaries[1], [])
    expect(fuzz(binaries, 8)).toMatch(/^8 seeds from 1 on, \d{4,} events, 0 faults\n$/)
  })

  const MUTANTS = {
    'begins a chunk before the previous one ends': [
      'slab.c',
      '(length + SLAB_STEP - 1) / SLAB_STEP',
      'length / SLAB_STEP',
    ],
    'reads into chunks that are in use': [
      'slab.c',
      'if (*slab->in_use == 0) slab->used = 0;',
      'slab->used = 0;',
    ],
    'says that one byte more was sent than was': [
      'stream.c',
      ': (int32_t)taken;',
      ': (int32_t)taken + (taken > 0);',
    ],
  }
  // With sanitizers too, since some of them write where they must not.
  itCompiled.each(Object.entries(MUTANTS))('finds an addon that %s', async (name, [file, from, to]) => {
    const copy = join(folder, name)
    for (const part of ['c', 'compile.mjs'])
      cpSync(inRoot('packages/native', part), join(copy, part), { recursive: true })
    symlinkSync(inRoot('packages/native/node_modules'), join(copy, 'node_modules'))
    const source = readFileSync(join(copy, 'c', file), 'utf8')
    expect(source.split(from)).toHaveLength(2)
    writeFileSync(join(copy, 'c', file), source.replace(from, to))
    const { compile } = await import(join(copy, 'compile.mjs'))
    const binary = join(folder, `${name}.node`)
    buildSanitized(binary, [], compile)
    expect(fuzz([binary], 100, '--stop')).toMatch(/, 1 faults\n$/)
  })
})
