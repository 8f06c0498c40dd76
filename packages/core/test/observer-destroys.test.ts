import { describe, expect, it } from '@jest/globals'
import type { ConnectionState } from '../src/index.js'
import { openFake } from './support/fake-server.js'
import { outcome, rejection } from './support/settle.js'

/** A connection that an observer destroys in the middle of what it observes. */
async function openObserved(state: ConnectionState) {
  const scene = await openFake()
  scene.server.on('connection', (event) => {
    if (event.state === state) scene.connection.destroy()
  })
  return scene
}

describe('a connection that an observer destroys', () => {
  it('closeWrite() rejects, and shuts nothing down any more', async () => {
    const { connection, port } = await openObserved('closeWrite')
    expect((await rejection(connection.closeWrite())).code).toBe('ERR_SOCK_CLOSED')
    expect(port.calls).toEqual(['start', 'destroy'])
  })

  it('write() rejects, and writes nothing any more', async () => {
    const { connection, port } = await openObserved('write')
    expect((await rejection(connection.write('late'))).code).toBe('ERR_SOCK_CLOSED')
    expect(port.calls).toEqual(['start', 'destroy'])
  })

  it('read() gives nothing of the chunk that was observed', async () => {
    const { connection, port } = await openObserved('read')
    port.receive('late')
    expect(await outcome(connection.read())).toMatchObject({ error: { code: 'ERR_SOCK_CLOSED' } })
  })

  it('close() shuts nothing down any more, and resolves when it is closed', async () => {
    const { connection, port } = await openObserved('closeRead')
    const closing = connection.close()
    expect(port.calls).toEqual(['start', 'destroy'])
    port.close()
    expect(await outcome(closing)).toMatchObject({ state: 'resolved' })
  })
})
