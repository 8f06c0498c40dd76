import { afterEach, describe, expect, it } from '@jest/globals'
import { inRoot, mustBeHere, packageHere, withNeeds, workspaces } from '../bootstrap/workspace.mjs'

const here = process.cwd()
afterEach(() => process.chdir(here))

describe('packageHere()', () => {
  it.each([
    ['packages/unix', '@sock/unix'],
    ['packages/unix/src', undefined],
    ['tools/bench', undefined],
    ['.', undefined],
  ])('packageHere() in %s is %s', (folder, name) => {
    process.chdir(inRoot(folder))
    expect(packageHere()).toBe(name)
  })
})

describe('withNeeds()', () => {
  it('withNeeds() finds what a package needs of the workspace, and what that needs', () => {
    const names = withNeeds(['@sock/docs']).map(({ manifest }) => manifest.name)
    expect(names).toEqual(expect.arrayContaining(['@sock/docs', '@sock/unix', '@sock/core']))
    expect(new Set(names).size).toBe(names.length)
  })

  it('withNeeds() says how to get what is not there', () => {
    expect(() => withNeeds(['@sock/nothing'])).toThrow(
      'Cannot find packages/nothing, which it needs: in a sparse clone `git sparse-checkout add packages/nothing` brings it.',
    )
  })
})

describe('mustBeHere()', () => {
  it('mustBeHere() takes a folder that is a package, and no other', () => {
    for (const { folder } of workspaces()) mustBeHere(folder, 'this')
    expect(() => mustBeHere('decisions', 'this')).toThrow('Cannot find decisions, which this needs')
  })
})
