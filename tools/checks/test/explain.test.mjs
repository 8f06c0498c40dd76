import { describe, expect, it } from '@jest/globals'
import { explain } from '../bootstrap/explain.mjs'

describe('explain()', () => {
  it.each([
    ['npm error code ECONNREFUSED', 'registry'],
    ['Error: ERR_PNPM_OUTDATED_LOCKFILE', 'pnpm-lock.yaml'],
    ['gyp ERR! not found: make', 'C++ compiler'],
    ['gyp ERR! stack Error: getaddrinfo ENOTFOUND', 'C++ compiler'],
    ['Error: EACCES: permission denied, mkdir', 'permissions'],
    ['spawn npx ENOENT', 'npx was not found'],
    ['something new', 'said above'],
  ])('explain() of "%s" speaks of %s', (output, hint) => {
    expect(explain(output, 'pnpm@1.2.3')).toContain(hint)
  })
})
