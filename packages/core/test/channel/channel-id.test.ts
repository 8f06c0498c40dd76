import { expect, it, jest } from '@jest/globals'
import { nextChannelId } from '../../src/lib/channel/channel-id.js'

it('nextChannelId() gives each channel of the process its own id, also with a second copy of the package', async () => {
  jest.resetModules()
  const copy = await import('../../src/lib/channel/channel-id.js')
  expect(copy.nextChannelId).not.toBe(nextChannelId)
  const ids = [nextChannelId(), copy.nextChannelId(), nextChannelId(), copy.nextChannelId()]
  const first = ids[0] as number
  expect(ids).toEqual([first, first + 1, first + 2, first + 3])
})
