import { expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Generator {
  readonly place: string
  readonly generate: () => string
}

it('numbers.ts is what numbers.mjs makes of c/numbers.h', async () => {
  const { generate, place } = (await import(join(import.meta.dirname, '../numbers.mjs'))) as Generator
  expect(readFileSync(place, 'utf8')).toBe(generate())
})
