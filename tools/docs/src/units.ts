import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Document } from './markdown.js'

export const canVerifyUnits = spawnSync('systemd-analyze', ['--version']).status === 0

/** What systemd says against the units of a document, `ini unit`, as lines `docs/x.md:12 message`. */
export function unitProblems({ path, blocks }: Document): string[] {
  return blocks
    .filter(({ language, role }) => language === 'ini' && role === 'unit')
    .flatMap(({ code, line }) => verify(code).map((problem) => `${path}:${line} ${problem}`))
}

function verify(unit: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sock-unit-'))
  try {
    const file = join(folder, 'example.service')
    writeFileSync(file, unit)
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
      encoding: 'utf8',
    })
    // It reads the units of this machine too, and may have something to say about them.
    return (stdout + stderr).split('\n').filter((text) => text.includes('example.service'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
