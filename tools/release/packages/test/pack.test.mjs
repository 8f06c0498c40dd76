import { describe, expect, it } from '@jest/globals'
import { packPackages } from '../pack.mjs'
import { scratchFolder } from './support/tarballs.mjs'

const empty = scratchFolder()

describe('packPackages()', () => {
  it('packPackages() says what is not built', async () => {
    await expect(packPackages(empty, empty)).rejects.toThrow('Cannot pack packages/core: it is not built')
  })
})
