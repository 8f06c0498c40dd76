import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fuzz } from '../fuzz.mjs'

/** A compiler need not have brought the libraries of its sanitizers. */
function hasSanitizers() {
  const folder = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
  try {
    const source = join(folder, 'empty.c')
    writeFileSync(source, 'int main(void) { return 0; }\n')
    return (
      spawnSync('gcc', ['-fsanitize=address,undefined', source, '-o', join(folder, 'empty')]).status === 0
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

;(hasSanitizers() ? it : it.skip)('addresses and control messages stand random input', async () => {
  expect(await fuzz('gcc', 300_000)).toBe(true)
})
