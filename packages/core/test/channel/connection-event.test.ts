import { expect, it } from '@jest/globals'
import type { Channel } from '../../src/index.js'
import { ipAddress } from '../../src/lib/address/address.js'
import { connectionEvent } from '../../src/lib/channel/connection-event.js'

it('connectionEvent() describes a channel, and has a reason only if there is one', () => {
  const [local, remote] = [ipAddress('::1', 1), ipAddress('::1', 2)]
  const channel = { id: 7, localAddress: local, remoteAddress: remote } as unknown as Channel
  expect(connectionEvent(channel, 'read')).toStrictEqual({ id: 7, state: 'read', local, remote })
  expect(connectionEvent(channel, 'close', 'reset')).toStrictEqual({
    id: 7,
    state: 'close',
    local,
    remote,
    reason: 'reset',
  })
})
