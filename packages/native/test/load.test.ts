import { expect, it } from '@jest/globals'
import { engine } from '../src/index.js'
import { loadAddon } from '../src/lib/load.js'

it('engine.available says whether the addon could be loaded', () => {
  expect(engine.available).toBe('addon' in loadAddon())
})
