import { afterEach, describe, expect, it } from '@jest/globals'
import { readLimit } from '../../src/lib/wait.js'
import { streamConformance, type Case, type StreamFixture } from '../../src/index.js'
import { casesOf, findCase, rejection } from '../support/cases.js'
import { connectLoopback, createLoopbackServer } from '../support/loopback.js'

const fixture: StreamFixture = {
  name: 'conformance',
  createServer: createLoopbackServer,
  target: () => '127.0.0.1:0',
  connect: (address, options) => connectLoopback(address as never, options),
}

function find(over: Partial<StreamFixture>, name: string): Case {
  return findCase(streamConformance({ ...fixture, ...over }), name)
}

/** Enough for a loop that only has to turn a few times. */
const FEW = 50
const { looks } = readLimit

afterEach(() => void (readLimit.looks = looks))

describe('streamConformance', () => {
  it('streamConformance() nests one way in two way in half-close, and names each case once', () => {
    const cases = casesOf(streamConformance(fixture))
    const paths = cases.map(([path]) => path)
    expect(paths.some((path) => path.startsWith('conformance > half-close > two way > one way > '))).toBe(
      true,
    )
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.length).toBeGreaterThan(100)
  })

  it('streamConformance() leaves out what a transport lacks, and nothing else', () => {
    const pathsOf = (over: Partial<StreamFixture>) =>
      casesOf(streamConformance({ ...fixture, ...over })).map(([path]) => path)
    const bare = pathsOf({ lacks: ['sockets', 'reset'] })
    const isOfSockets = (path: string) => path.startsWith('conformance > sockets > ')
    expect(pathsOf({}).filter((path) => !bare.includes(path))).toEqual(pathsOf({}).filter(isOfSockets))
    expect(pathsOf({}).filter(isOfSockets).length).toBe(5)
  })

  it('streamConformance() believes no transport that it has a reset, or none', async () => {
    const torn = 'a peer that disconnects while idle is closed, and is no error (A1, E14)'
    await find({}, torn).run()
    const failure = await rejection(find({ lacks: ['reset'] }, torn).run())
    expect(failure.message).toMatch(/'reset'[^]*'ended'/)
  })

  it('streamConformance() fails a transport that leaves a file', async () => {
    let runs = 0
    const leftovers = () => Array.from({ length: runs }, (_, at) => `${at}.sock`)
    const createServer: StreamFixture['createServer'] = (...args) => {
      runs += 1
      return createLoopbackServer(...args)
    }
    readLimit.looks = FEW
    const failure = await rejection(
      find({ leftovers, createServer }, 'write() of nothing resolves and sends nothing').run(),
    )
    expect(failure.message).toContain('0.sock')
  })

  it('streamConformance() fails a transport that leaves a timer', async () => {
    let timer: NodeJS.Timeout | undefined
    const connect: StreamFixture['connect'] = (...args) => {
      timer ??= setTimeout(() => {}, 60_000)
      return fixture.connect(...args)
    }
    readLimit.looks = FEW
    const failure = await rejection(find({ connect }, 'write() of nothing resolves and sends nothing').run())
    clearTimeout(timer)
    expect(failure.message).toMatch(/of Timeout.* left behind/)
  })

  it('streamConformance() fails a transport that does not deliver', async () => {
    const connect: StreamFixture['connect'] = async (...args) => {
      const connection = await fixture.connect(...args)
      const { write } = Object.getPrototypeOf(connection) as { write: typeof connection.write }
      return Object.assign(connection, {
        write: (data: string) => write.call(connection, data.toUpperCase()),
      })
    }
    const failure = await rejection(find({ connect }, 'write() sends strings as UTF-8').run())
    expect(failure.message).toContain('GRÜSSE')
  })

  it.each([
    ['is given', 'write() sends strings as UTF-8'],
    ['makes itself', 'listen() again after closed starts another run (G5)'],
  ])('streamConformance() closes the server that a failing case %s', async (_, name) => {
    const servers: ReturnType<StreamFixture['createServer']>[] = []
    const createServer: StreamFixture['createServer'] = (...args) => {
      const server = createLoopbackServer(...args)
      servers.push(server)
      return server
    }
    const connect = () => Promise.reject(new Error('cannot connect'))
    const failure = await rejection(find({ createServer, connect }, name).run())
    expect(failure.message).toBe('cannot connect')
    expect(servers.map(({ state }) => state)).toEqual(['closed'])
  })

  it('streamConformance() fails a transport that never answers, and then closes what the case has opened', async () => {
    const clients: Awaited<ReturnType<StreamFixture['connect']>>[] = []
    const connect: StreamFixture['connect'] = async (...args) => {
      const client = await fixture.connect(...args)
      clients.push(client)
      return Object.assign(client, { read: () => new Promise<never>(() => {}) })
    }
    readLimit.looks = FEW
    const failure = await rejection(find({ connect }, 'read() gives buffers that stay as they are').run())
    expect(failure.message).toBe('a step of the case takes too long')
    expect(clients.map(({ isOpen }) => isOpen)).toEqual([false])
  })
})
