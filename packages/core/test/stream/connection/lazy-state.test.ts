import { expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { openStuck } from '../../support/fake-server.js'

it('LazyState of a connection whose write waits do not mark it as busy', async () => {
  const { connection, port, writing } = await openStuck()
  expect(connection.busy).toBe(false)
  port.drain()
  await writing
})

it('LazyState of a connection whose write waits do not blame a later error on the return of its handler', async () => {
  const { connection, port, writing } = await openStuck()
  port.close()
  await rejection(writing)
  expect((await rejection(connection.write('late'))).message).toBe('Cannot write: the connection is closed')
})
