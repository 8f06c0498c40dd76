import { expect, it } from '@jest/globals'
import { checkApi } from '../api-check.mjs'

it('the public API is what api/ says; if you mean to change it, run `npm run api`', async () => {
  expect(await checkApi()).toEqual({ code: 0, output: '' })
})
