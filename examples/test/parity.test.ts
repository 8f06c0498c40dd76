import { expect, it } from '@jest/globals'
import { describeUnixDgram as describe } from '@sock/test-support/needs'
import { useFolder } from '@sock/test-support/scratch'
import type { Address, Channel, ConnectionEvent, Server } from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import { EventEmitter, once } from 'node:events'

const scratch = useFolder('example')

/*
 * What is the same for all transports, asked of each with the same words. Arguments are wrong on purpose, so they have no
 * types here.
 */

interface Transport {
  readonly name: string
  readonly create: (...args: readonly unknown[]) => Server<unknown>
  readonly connect: (...args: readonly unknown[]) => Promise<Channel>
  /** A target without a server, in parts. */
  readonly parts: () => Promise<object>
  /** An address of the other family. */
  readonly foreign: Address
}

const ip = { family: 'ipv4', host: '127.0.0.1', port: 9 } as const
const unix = { family: 'unix', path: '/tmp/nobody.sock' } as const
const port = async () => ({ host: '127.0.0.1', port: 0 })
let count = 0
const path = async () => ({ path: scratch.path(`${(count += 1)}.sock`) })

const transports = [
  { name: 'Tcp', create: createTcpServer, connect: connectTcp, parts: port, foreign: unix },
  { name: 'Udp', create: createUdpServer, connect: connectUdp, parts: port, foreign: unix },
  { name: 'Unix', create: createUnixServer, connect: connectUnix, parts: path, foreign: ip },
  { name: 'Unixgram', create: createUnixgramServer, connect: connectUnixgram, parts: path, foreign: ip },
] as unknown as readonly Transport[]

/** What an error says, without what names the transport, the options that it has, and its forms of targets. */
function told(error: unknown, { name }: Transport): string {
  if (!(error instanceof Error)) return `no error: ${String(error)}`
  const { code } = error as NodeJS.ErrnoException
  const message = error.message
    .replaceAll(name, '…')
    .replace(/known options are .*/, 'known options are …')
    .replace(/^Invalid target: expected .*, got/, 'Invalid target: expected …, got')
    .replace(/^(Invalid address) .*/, '$1 …')
  return `${error.name} ${code}: ${message}`
}

/** Calls, and returns how it failed: by throwing or by rejecting. */
async function failure(transport: Transport, call: () => unknown): Promise<string> {
  let result: unknown
  try {
    result = call()
  } catch (error) {
    return `throws ${told(error, transport)}`
  }
  try {
    await result
    return 'does not fail'
  } catch (error) {
    return `rejects with ${told(error, transport)}`
  }
}

/** Asks all transports; they must answer alike. @returns the one answer */
async function answerOfAll<T>(ask: (transport: Transport) => Promise<T> | T): Promise<T> {
  const [first, ...others] = await Promise.all(transports.map(ask))
  for (const other of others) expect(other).toEqual(first)
  return first as T
}

const handler = (): void => {}

/** What only streams have. */
const ONE_DIRECTION = ['closeRead', 'closeWrite']

/** Runs something with a server that listens, and a client of it. */
async function withBoth<T>(
  { create, connect, parts }: Transport,
  act: (server: Server<unknown>, client: Channel, address: Address) => Promise<T> | T,
): Promise<T> {
  const server = create({ open: handler })
  const address = await server.listen(await parts())
  const client = await connect(address)
  try {
    return await act(server, client, address)
  } finally {
    await client.close()
    await server.close()
  }
}

describe('functions that make servers', () => {
  it.each<[string, readonly unknown[], string]>([
    [
      'an unknown option',
      [handler, { nope: 1 }],
      'throws TypeError ERR_INVALID_ARG_VALUE: Unknown option "nope" in create…Server options: the known options are …',
    ],
    [
      'options that are null',
      [handler, null],
      'throws TypeError ERR_INVALID_ARG_TYPE: Invalid "create…Server options": expected an object, got null',
    ],
    [
      'options that are a number',
      [handler, 5],
      'throws TypeError ERR_INVALID_ARG_TYPE: Invalid "create…Server options": expected an object, got 5',
    ],
    [
      'options that are an array',
      [handler, []],
      'throws TypeError ERR_INVALID_ARG_TYPE: Invalid "create…Server options": expected an object, got []',
    ],
    [
      'options before the handler',
      [{ shutdownTimeout: 1 }, handler],
      'throws TypeError ERR_INVALID_ARG_VALUE: Invalid arguments: the handler comes first, then the options: create…Server(handler, options)',
    ],
    [
      'options without a handler',
      [{ shutdownTimeout: 1 }],
      'throws TypeError ERR_INVALID_ARG_VALUE: Invalid arguments: the handler comes first, then the options: create…Server(handler, options)',
    ],
    [
      'an option of a wrong type',
      [handler, { shutdownTimeout: '1' }],
      `throws TypeError ERR_INVALID_ARG_TYPE: Invalid "shutdownTimeout": expected an integer, got '1'`,
    ],
    [
      'an option out of range',
      [handler, { shutdownTimeout: -1 }],
      'throws RangeError ERR_OUT_OF_RANGE: Invalid "shutdownTimeout": expected an integer from 0 to 2147483647, got -1',
    ],
    [
      'configure that is no function',
      [handler, { configure: {} }],
      'throws TypeError ERR_INVALID_ARG_TYPE: Invalid "configure": expected a function, got {}',
    ],
  ])('functions that make servers refuse %s alike', async (_, args, expected) => {
    expect(await answerOfAll((transport) => failure(transport, () => transport.create(...args)))).toBe(
      expected,
    )
  })

  it.each<[string, readonly unknown[]]>([
    ['no handler', []],
    ['a handler that is null', [null]],
    ['a handler without callbacks', [{}]],
    ['a handler with a misspelt callback', [{ opne: handler }]],
    ['a handler whose callback is no function', [{ open: 1 }]],
    ['an engine that is none', [handler, { engine: {} }]],
    ['an engine that is a string', [handler, { engine: 'native' }]],
  ])('functions that make servers refuse %s alike', async (_, args) => {
    const answer = await answerOfAll((transport) =>
      failure(transport, () => transport.create(...args)).then((text) => text.replace(/: .*/, '')),
    )
    expect(answer).toMatch(/^throws TypeError ERR_INVALID_ARG_(TYPE|VALUE)$/)
  })

  it('functions that make servers take options that are undefined, and a function or callbacks as handler', async () => {
    const names = await answerOfAll(({ create }) =>
      [create(handler), create(handler, undefined), create({ open: handler }, {})].map(
        ({ state, address, secure }) => [state, address, secure],
      ),
    )
    expect(names).toEqual(Array.from({ length: 3 }, () => ['idle', undefined, false]))
  })

  it('functions that make servers have two parameters: a handler and options', async () => {
    expect(await answerOfAll(({ create, connect }) => [create.length, connect.length])).toEqual([2, 2])
  })
})

describe('functions that connect', () => {
  it.each<[string, unknown, string]>([
    [
      'an unknown option',
      { nope: 1 },
      'rejects with TypeError ERR_INVALID_ARG_VALUE: Unknown option "nope" in connect… options: the known options are …',
    ],
    [
      'options that are null',
      null,
      'rejects with TypeError ERR_INVALID_ARG_TYPE: Invalid "connect… options": expected an object, got null',
    ],
    [
      'options that are a function',
      handler,
      'rejects with TypeError ERR_INVALID_ARG_TYPE: Invalid "connect… options": expected an object, got [Function: handler]',
    ],
    [
      'a signal that is none',
      { signal: 1 },
      'rejects with TypeError ERR_INVALID_ARG_TYPE: Invalid "signal": expected an AbortSignal, got 1',
    ],
    [
      'an observer that is no function',
      { onState: {} },
      'rejects with TypeError ERR_INVALID_ARG_TYPE: Invalid "onState": expected a function, got {}',
    ],
    [
      'an option of servers',
      { shutdownTimeout: 1 },
      'rejects with TypeError ERR_INVALID_ARG_VALUE: Unknown option "shutdownTimeout" in connect… options: the known options are …',
    ],
  ])('functions that connect reject %s alike, whatever the target', async (_, options, expected) => {
    for (const target of [undefined, 1]) {
      const answer = await answerOfAll((transport) =>
        failure(transport, async () => transport.connect(target ?? (await transport.parts()), options)),
      )
      expect(answer).toBe(expected)
    }
  })

  it('functions that connect reject with what configure throws, and close the socket', async () => {
    const configure = (): never => {
      throw new Error('not this one')
    }
    const answer = await answerOfAll((transport) =>
      withBoth(transport, (_server, _client, address) =>
        failure(transport, () => transport.connect(address, { configure })),
      ),
    )
    expect(answer).toBe('rejects with Error undefined: not this one')
  })

  it('functions that connect reject with the reason of a signal that is aborted before', async () => {
    const answer = await answerOfAll((transport) =>
      withBoth(transport, (_server, _client, address) => {
        const signal = AbortSignal.abort(new Error('too late'))
        return failure(transport, () => transport.connect(address, { signal }))
      }),
    )
    expect(answer).toBe('rejects with Error undefined: too late')
  })

  it('functions that connect reject with the reason of a signal that is aborted meanwhile', async () => {
    const answer = await answerOfAll((transport) =>
      withBoth(transport, (_server, _client, address) => {
        const stop = new AbortController()
        const connecting = transport.connect(address, { signal: stop.signal })
        stop.abort(new Error('changed my mind'))
        return failure(transport, () => connecting)
      }),
    )
    expect(answer).toBe('rejects with Error undefined: changed my mind')
  })

  it('functions that connect ignore a signal that aborts afterwards', async () => {
    const answer = await answerOfAll((transport) =>
      withBoth(transport, async (_server, _client, address) => {
        const stop = new AbortController()
        const client = await transport.connect(address, { signal: stop.signal })
        stop.abort()
        const outcome = await failure(transport, () => client.write('hello'))
        await client.close()
        return outcome
      }),
    )
    expect(answer).toBe('does not fail')
  })

  it('functions that connect tell onState the same, from dial to close', async () => {
    const answer = await answerOfAll((transport) =>
      withBoth(transport, async (_server, _client, address) => {
        const events: ConnectionEvent[] = []
        const onState = (event: ConnectionEvent): unknown => events.push(event)
        const client = await transport.connect(address, { onState })
        await client.close()
        return events
          .filter(({ state }) => !ONE_DIRECTION.includes(state))
          .map(({ id, state, local, remote }) => [
            id === client.id,
            state,
            local === undefined,
            `${remote}` === `${address}`,
          ])
      }),
    )
    expect(answer).toEqual([
      [true, 'dial', true, true],
      [true, 'new', false, true],
      [true, 'handler', false, true],
      [true, 'close', false, true],
    ])
  })
})

describe('targets', () => {
  it.each<[string, (transport: Transport) => unknown]>([
    ['nothing', () => undefined],
    ['null', () => null],
    ['a number', () => 1],
    ['a boolean', () => true],
    ['a function', () => handler],
    ['an array', () => []],
    ['no parts', () => ({})],
    ['an empty string', () => ''],
    [
      'an unknown part',
      ({ foreign }) => (foreign.family === 'unix' ? { port: 1, x: 1 } : { path: '/x', x: 1 }),
    ],
    ['the address of another family', ({ foreign }) => foreign],
    ['an address of no family', () => ({ family: 'ipx', host: '127.0.0.1', port: 1, path: '/x' })],
    ['options', () => ({ signal: new AbortController().signal })],
  ])('wrong targets make listen and connect of all transports reject: %s', async (_, target) => {
    const answer = await answerOfAll(async (transport) => {
      const server = transport.create(handler)
      const outcomes = [
        await failure(transport, () => server.listen(target(transport))),
        await failure(transport, () => transport.connect(target(transport))),
        server.state,
      ]
      return outcomes.map((text) => text.replace(/: .*/, ''))
    })
    const refused = 'rejects with SockError ERR_SOCK_INVALID_ADDRESS'
    expect(answer).toEqual([refused, refused, 'idle'])
  })

  it('targets are the same for listen and connect: text, parts, an address, a copy of one', async () => {
    const answer = await answerOfAll(async (transport) => {
      const first = await transport.parts()
      const taken: string[] = []
      let target: unknown = first
      for (const next of [
        (address: Address) => address,
        (address: Address) => `${address}`,
        (address: Address) => ({ ...address }),
        (address: Address) => JSON.parse(JSON.stringify(address)) as unknown,
        (address: Address) =>
          'host' in address ? { host: address.host, port: address.port } : { path: address.path },
      ]) {
        const server = transport.create({ open: handler })
        const address = await server.listen(target)
        target = next(address)
        const client = await transport.connect(target)
        taken.push(`${`${client.remoteAddress}` === `${address}`} ${server.address === address}`)
        await client.close()
        await server.close()
      }
      return taken
    })
    expect(answer).toEqual(Array.from({ length: 5 }, () => 'true true'))
  })

  it('targets can be the addresses of servers and of their channels', async () => {
    const answer = await answerOfAll(async (transport) => {
      const heard = new EventEmitter()
      const server = transport.create({ data: (channel: Channel) => void heard.emit('data', channel) })
      const address = await server.listen(await transport.parts())
      const first = await transport.connect(server.address)
      const served = once(heard, 'data') as Promise<[Channel]>
      await first.write('hello')
      const [{ localAddress: local }] = await served
      const second = await transport.connect(local)
      const third = await transport.connect(first.remoteAddress)
      const names = [local, second.remoteAddress, third.remoteAddress].map(
        (name) => `${name}` === `${address}`,
      )
      await Promise.all([first, second, third].map((client) => client.close()))
      await server.close()
      return names
    })
    expect(answer).toEqual([true, true, true])
  })

  it('targets with port 0 are for listening only', async () => {
    const [tcp, udp] = await Promise.all(
      transports
        .slice(0, 2)
        .map((transport) =>
          Promise.all(
            [':0', '127.0.0.1:0', '[::1]:0', { port: 0 }, { ...ip, port: 0 }].map((target) =>
              failure(transport, () => transport.connect(target)),
            ),
          ),
        ),
    )
    expect(tcp).toEqual(udp)
    for (const text of tcp ?? [])
      expect(text).toMatch(/^rejects with SockError ERR_SOCK_INVALID_ADDRESS: Cannot connect/)
  })
})

describe('servers', () => {
  it('servers take a signal for listen, aborted before or meanwhile, and are idle again', async () => {
    const answer = await answerOfAll(async (transport) => {
      const server = transport.create(handler)
      const target = await transport.parts()
      const signal = AbortSignal.abort(new Error('too late'))
      const before = await failure(transport, () => server.listen(target, { signal }))
      const stop = new AbortController()
      const listening = server.listen(target, { signal: stop.signal })
      stop.abort(new Error('changed my mind'))
      const meanwhile = await failure(transport, () => listening)
      const wrong = await failure(transport, () =>
        server.listen(target, { signal: 1 as unknown as AbortSignal }),
      )
      const unknown = await failure(transport, () => server.listen(target, { nope: 1 } as object))
      return [before, meanwhile, wrong, unknown, server.state]
    })
    expect(answer).toEqual([
      'rejects with Error undefined: too late',
      'rejects with Error undefined: changed my mind',
      'rejects with TypeError ERR_INVALID_ARG_TYPE: Invalid "signal": expected an AbortSignal, got 1',
      'rejects with TypeError ERR_INVALID_ARG_VALUE: Unknown option "nope" in listen options: the known options are …',
      'idle',
    ])
  })

  it('servers listen once at a time, and have the same life', async () => {
    const answer = await answerOfAll(async (transport) => {
      const states: string[] = []
      const server = transport.create(handler)
      server.on('state', (state) => states.push(state))
      const target = await transport.parts()
      await server.listen(target)
      const twice = await failure(transport, () => server.listen(target))
      // The one channel of a datagram server is idle.
      const { drained, forced } = await server.shutdown()
      const again = await failure(transport, async () => server.listen(await transport.parts()))
      await server.close()
      return [
        twice.replace(/: .*/, ''),
        again,
        drained,
        forced,
        states,
        server.transport === transport.name.toLowerCase(),
      ]
    })
    expect(answer[0]).toBe('rejects with SockError ERR_SOCK_INVALID_STATE')
    expect(answer.at(-1)).toBe(true)
  })
})
