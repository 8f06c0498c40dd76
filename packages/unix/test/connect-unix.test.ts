import { describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { ConnectionEvent } from '@sock/core'
import { rejection } from '@sock/tools/testing/wait'
import { connectUnix } from '../src/index.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('connectUnix', () => {
  it('connectUnix() refuses what only a listener can use', async () => {
    const error = await rejection(connectUnix({ path: scratch.path(), mode: 0o600 } as { path: string }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(error.message).toMatch(/"mode"/)
  })

  it('connectUnix() resolves with a connection that knows both addresses', async () => {
    await scratch.server().listen(scratch.path())
    const client = await scratch.connect(scratch.path())
    expect(client).toMatchObject({ transport: 'unix', secure: false, tls: undefined, isOpen: true })
    expect(client.remoteAddress).toMatchObject({ family: 'unix', path: scratch.path() })
    // It has no name.
    expect(client.localAddress).toMatchObject({ family: 'unix', path: '' })
  })

  it('connectUnix() rejects with ENOENT where nothing is', async () => {
    const error = await rejection(connectUnix(scratch.path()))
    expect(error).toMatchObject({ code: 'ENOENT' })
    expect(error.message).toContain(scratch.path())
  })

  it('connectUnix() rejects with ECONNREFUSED where a dead socket is', async () => {
    await leaveDeadSocket(scratch.own())
    expect(await rejection(connectUnix(scratch.path()))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('connectUnix() rejects with ECONNREFUSED where a file is', async () => {
    writeFileSync(scratch.own(), '')
    expect(await rejection(connectUnix(scratch.path()))).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('connectUnix() rejects with the reason of a signal that is aborted before', async () => {
    await scratch.server().listen(scratch.path())
    const reason = new Error('too late')
    const error = await rejection(connectUnix(scratch.path(), { signal: AbortSignal.abort(reason) }))
    expect(error).toBe(reason)
  })

  it('connectUnix() rejects with the reason of a signal that is aborted meanwhile, and leaves no connection', async () => {
    const server = scratch.server()
    await server.listen(scratch.path())
    const abort = new AbortController()
    const connecting = connectUnix(scratch.path(), { signal: abort.signal })
    const reason = new Error('changed my mind')
    abort.abort(reason)
    expect(await rejection(connecting)).toBe(reason)
    // If the aborted client reached the server, a later client comes after it.
    expect(await ask(await scratch.connect(scratch.path()), 'next')).toBe('next')
    await server.shutdown()
    expect(server.openConnections).toBe(0)
  })

  it('connectUnix() stays open when the signal aborts afterwards', async () => {
    await scratch.server().listen(scratch.path())
    const abort = new AbortController()
    const client = await scratch.connect(scratch.path(), { signal: abort.signal })
    abort.abort()
    expect(client.isOpen).toBe(true)
    expect(await ask(client, 'unmoved')).toBe('unmoved')
  })

  it('connectUnix() runs configure once with the socket before it resolves', async () => {
    await scratch.server().listen(scratch.path())
    const sockets: unknown[] = []
    await scratch.connect(scratch.path(), { configure: (socket) => void sockets.push(socket) })
    expect(sockets).toHaveLength(1)
    expect(sockets[0]).toBeInstanceOf(Socket)
  })

  it('connectUnix() rejects with what configure throws, and leaves no connection', async () => {
    const server = scratch.server()
    await server.listen(scratch.path())
    const thrown = new Error('not like this')
    const configure = (): never => {
      throw thrown
    }
    expect(await rejection(connectUnix(scratch.path(), { configure }))).toBe(thrown)
    expect(await server.shutdown()).toMatchObject({ forced: 0 })
  })

  it('connectUnix() passes all events to onState in order, from dial to close', async () => {
    await scratch.server().listen(scratch.path())
    const events: ConnectionEvent[] = []
    const client = await scratch.connect(scratch.path(), { onState: (event) => void events.push(event) })
    await ask(client, 'x')
    expect(events.map(({ state }) => state)).toEqual([
      'dial',
      'new',
      'handler',
      'write',
      'closeWrite',
      'read',
      'closeRead',
      'close',
    ])
    expect(new Set(events.map(({ id }) => id))).toEqual(new Set([client.id]))
    expect(events.map(({ remote }) => String(remote))).toEqual(events.map(() => scratch.path()))
    expect(events.at(-1)?.reason).toBe('ended')
  })

  it('connectUnix() passes the dial to onState, also without a server', async () => {
    const states: string[] = []
    const onState = ({ state }: ConnectionEvent): void => void states.push(state)
    await rejection(connectUnix(scratch.path(), { onState }))
    expect(states).toEqual(['dial'])
  })

  it.each([
    ['unknown', { retries: 3 }],
    ['idleTimeout', { idleTimeout: -1 }],
    ['highWaterMark', { highWaterMark: '64k' }],
    ['signal', { signal: 'stop' }],
    ['onState', { onState: true }],
  ])('connectUnix() rejects an option that is wrong: %s', async (_what, options) => {
    const error = await rejection(connectUnix(scratch.path(), options as object))
    expect(error.message).toMatch(/retries|idleTimeout|highWaterMark|signal|onState/)
    expect(error.code).toMatch(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/)
  })
})
