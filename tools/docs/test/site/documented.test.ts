import { describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { createApi, type Api } from '../../src/site/api.js'
import { unsaid, validate } from '../../src/site/documented.js'

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

// It takes seconds, so it is done once.
const api = await createApi()
const project = await api.app.convert()

describe('public symbols', () => {
  it('have a comment each, links that lead somewhere, and types that a door exports', () => {
    if (project !== undefined) validate(api.app, project)
    expect(api.problems).toEqual([])
  })

  it('say their default, their unit and how they fail', () => {
    expect(project && unsaid(project)).toEqual([])
  })
})

describe('validate() and unsaid()', () => {
  it('find what is missing', async () => {
    const broken: Api = await createApi({
      entryPoints: [fixture('undocumented.ts')],
      tsconfig: fixture('tsconfig.json'),
    })
    const found = await broken.app.convert()
    if (found === undefined) throw new Error(broken.problems.join('\n'))
    validate(broken.app, found, ['@sock/docs'])
    expect([...broken.problems, ...unsaid(found)]).toEqual([
      expect.stringContaining('BadOptions.silent (Property)'),
      expect.stringContaining('"nowhere"'),
      expect.stringContaining(
        'Hidden, defined in @sock/docs/test/site/fixtures/undocumented.ts, is referenced',
      ),
      'BadOptions.count does not say its default',
      'BadOptions.count does not say its unit',
      'BadOptions.silent does not say its default',
      'createTcpThing does not say how it fails',
    ])
  })
})
