import { afterEach, describe, expect, it } from '@jest/globals'
import type { UnixTarget } from '@sock/core'
import dns from 'node:dns'
import promises from 'node:dns/promises'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLimit } from '../src/lib/wait.js'
import { anyTransportConformance, type AnyFixture } from '../src/index.js'
import { findCase, rejection } from './support/cases.js'
import { connectLoopback, createLoopbackServer } from './support/loopback.js'

const fixture: AnyFixture = {
  name: 'any transport',
  createServer: createLoopbackServer,
  target: () => '127.0.0.1:0',
  hostTarget: (host, port) => `${host}:${port}`,
  connect: (address, options) => connectLoopback(address as never, options),
}

/** What a case with this name fails with. */
function failureOf(over: Partial<AnyFixture>, name: string): Promise<Error> {
  return rejection(findCase(anyTransportConformance({ ...fixture, ...over }), name).run())
}

/** Rejects with the reason of the signal, and does not stop. */
function pretendToStop<T>(going: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  return Promise.race([going, aborted])
}

const { looks } = readLimit
afterEach(() => void (readLimit.looks = looks))

describe('anyTransportConformance', () => {
  it('anyTransportConformance() tests names of hosts and socket files if the fixture has them', () => {
    const suitesOf = (over: object) =>
      anyTransportConformance({ ...fixture, ...over }).suites.map(({ name }) => name)
    expect(suitesOf({ hostTarget: undefined })).toEqual([])
    expect(suitesOf({})).toEqual(['names of hosts'])
    expect(suitesOf({ socketFiles: true })).toEqual(['names of hosts', 'socket files'])
  })

  it('anyTransportConformance() fails a transport that connects after its signal has aborted', async () => {
    const connect: AnyFixture['connect'] = (target, { signal, ...options } = {}) =>
      pretendToStop(fixture.connect(target, options), signal)
    const failure = await failureOf({ connect }, 'resolved after its signal has aborted')
    expect(failure.message).toMatch(/deep-equal[^]*127\.0\.0\.1:\d+[^]*127\.0\.0\.1:\d+/)
  })

  it('anyTransportConformance() puts the look-ups of Node back, also when a case fails', async () => {
    const before = [dns.lookup, promises.lookup]
    readLimit.looks = 2
    const failure = await failureOf(
      { hostTarget: (_, port) => `127.0.0.1:${port}` },
      'listen() binds the address that a name stands for',
    )
    expect(failure.message).toBe('dns.lookup() was not called')
    expect([dns.lookup, promises.lookup]).toEqual(before)
  })

  it('anyTransportConformance() fails a transport whose socket files depend on the umask, and puts that back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sock-testing-'))
    const servers: ReturnType<AnyFixture['createServer']>[] = []
    const createServer: AnyFixture['createServer'] = (...args) => {
      const server = createLoopbackServer(...args)
      const start = server.listen.bind(server)
      servers.push(server)
      const listen = async ({ path, mode }: UnixTarget): Promise<unknown> => {
        writeFileSync(path, '', { mode, flag: 'wx' })
        return start(fixture.target())
      }
      return Object.assign(server, { listen: listen as never })
    }
    const target = () => join(folder, String(servers.length))
    const umask = process.umask(0o027)
    const failure = await failureOf(
      { createServer, target, socketFiles: true },
      'whatever the umask, which stays as it is (E10)',
    )
    expect(process.umask(umask)).toBe(0o027)
    expect(failure.message).toMatch(/644[^]*666/)
    await Promise.all(servers.map((server) => server.close()))
    rmSync(folder, { recursive: true })
  })
})
