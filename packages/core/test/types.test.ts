import { describe, expect, it } from '@jest/globals'
import type {
  Address,
  Channel,
  CloseReason,
  Connection,
  StreamCallbacks,
  ConnectionEvent,
  StreamFunction,
  Handler,
  Server,
  StreamServer,
  ServerState,
  ShutdownReport,
  SockErrorCode,
  StreamHandler,
  StreamServerOptions,
  Transport,
} from '../src/index.js'
import { isSockError, SockError, type exchange } from '../src/index.js'
import { checkOptions, integer, string, type Checked, type serverChecks } from '../src/stream.js'
import { serveFake } from './support/fake-server.js'

/* oxlint-disable typescript/no-unnecessary-type-parameters -- type parameters are what is tested with here */

/** Whether two types are the same, and not only fit each other. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** The compiler is what fails here; at run time there is nothing to see. */
function typed<_T extends true>(): void {}

/** What must not compile stands in functions that nobody calls. */
const refused: (() => unknown)[] = []

declare const connection: Connection
declare const server: StreamServer

describe('StreamHandler', () => {
  it('StreamHandler takes a Handler, which knows channels only', async () => {
    const handler: Handler = async (channel) => {
      for await (const chunk of channel) await channel.write(chunk)
    }
    // @ts-expect-error -- an option that does not exist
    refused.push(() => connection.read({ timeuot: 1 }))
    refused.push(() => connection.read({ timeout: 1, signal: connection.signal }))
    const accepted: StreamHandler = handler
    const narrower: StreamFunction = handler
    const { accept } = await serveFake(accepted)
    expect(accept().isStarted).toBe(true)
    expect(narrower).toBe(handler)
  })

  it('StreamHandler gives its callbacks what they are called with', () => {
    typed<Same<Parameters<StreamFunction>, [connection: Connection]>>()
    typed<Same<Parameters<NonNullable<StreamCallbacks['data']>>, [connection: Connection, chunk: Buffer]>>()
    typed<
      Same<
        Parameters<NonNullable<StreamCallbacks['close']>>,
        [connection: Connection, error?: Error | undefined]
      >
    >()
    typed<Same<Parameters<NonNullable<StreamCallbacks['open']>>, [connection: Connection]>>()
    const inferred: StreamHandler = {
      data(given, chunk) {
        typed<Same<typeof given, Connection>>()
        typed<Same<typeof chunk, Buffer>>()
      },
      async close(_, error) {
        typed<Same<typeof error, Error | undefined>>()
      },
    }
    expect(Object.keys(inferred)).toEqual(['data', 'close'])
  })

  it('StreamHandler refuses what is neither', () => {
    refused.push(() => {
      // @ts-expect-error -- there is no such callback
      const unknown: StreamHandler = { dat() {} }
      // @ts-expect-error -- a chunk is a Buffer
      const chunk: StreamHandler = { data: (_: Connection, text: string) => void text }
      // @ts-expect-error -- a handler gives nothing back
      const result: StreamHandler = () => 5
      // @ts-expect-error -- a handler of connections does not run on every channel
      const narrow: Handler = (given: Connection) => given.closeRead()
      return [unknown, chunk, result, narrow]
    })
  })
})

describe('Connection', () => {
  it('Connection is a Channel, and can be iterated and disposed', () => {
    typed<Connection extends Channel ? true : false>()
    typed<Connection extends AsyncIterable<Buffer> & AsyncDisposable ? true : false>()
    typed<Same<ReturnType<Connection['read']>, Promise<Buffer | null>>>()
    typed<Same<Connection['remoteAddress'], Address | undefined>>()
    typed<Same<Connection['tls'], unknown>>()
    typed<Same<Parameters<typeof exchange>[1], Uint8Array | string>>()
  })

  it('Connection is read-only, but for the data of the user', () => {
    refused.push(() => {
      connection.data = { anything: true }
      // @ts-expect-error -- ids are given
      connection.id = 1
      // @ts-expect-error -- what was read was read
      connection.bytesRead = 0
      // @ts-expect-error -- numbers are not written
      return connection.write(5)
    })
  })
})

describe('Server', () => {
  it('Server.on() gives callbacks the arguments of their event', () => {
    refused.push(() => {
      server.on('error', (error, about) => {
        typed<Same<typeof error, Error>>()
        typed<Same<typeof about, Connection | undefined>>()
      })
      server.on('connection', (event) => {
        typed<Same<typeof event, ConnectionEvent>>()
        typed<Same<typeof event.reason, CloseReason | undefined>>()
      })
      server.on('state', (state, message) => {
        typed<Same<typeof state, ServerState>>()
        typed<Same<typeof message, string>>()
      })
      const off: () => void = server.on('error', () => {})
      // @ts-expect-error -- there is no such event
      server.on('close', () => {})
      // @ts-expect-error -- the first argument is an Error
      server.on('error', (error: string) => error)
      return off
    })
  })

  it('Server takes targets and gives addresses of its own kind', () => {
    typed<Same<ReturnType<Server['listen']>, Promise<Address>>>()
    typed<Same<ReturnType<Server['shutdown']>, Promise<ShutdownReport>>>()
    refused.push(
      // @ts-expect-error -- this server listens on strings
      () => server.listen(8080),
      // @ts-expect-error -- the deadline is a number
      () => server.shutdown({ timeout: '5s' }),
      // @ts-expect-error -- states are not set
      () => void (server.state = 'idle'),
    )
  })
})

describe('Transport', () => {
  it('Transport knows its names, as long as nobody adds one', () => {
    typed<Same<Transport, 'tcp' | 'udp' | 'unix' | 'unixgram'>>()
    const kinds: Record<Transport, string> = { tcp: 's', unix: 's', udp: 'd', unixgram: 'd' }
    expect(kinds[connectionName()]).toBe('s')
  })
})

const connectionName = (): Transport => 'tcp'

describe('checkOptions', () => {
  it('checkOptions() knows what is there afterwards', () => {
    const checked = checkOptions('options', {}, { port: integer(80, 0, 9), name: string(undefined) })
    typed<Same<typeof checked.port, number>>()
    typed<Same<typeof checked.name, string | undefined>>()
    typed<Same<Checked<typeof serverChecks>['drainIdle'], number>>()
    expect(checked).toEqual({ port: 80, name: undefined })
    const options: StreamServerOptions = { idleTimeout: undefined, configure: (socket) => socket.ref() }
    // @ts-expect-error -- there is no such option
    const unknown: StreamServerOptions = { idleTimout: 5 }
    expect([options, unknown]).toHaveLength(2)
  })
})

describe('isSockError', () => {
  it('isSockError() narrows, and takes codes that there are', () => {
    const error: unknown = new SockError('ERR_SOCK_CLOSED', 'x')
    if (isSockError(error)) typed<Same<typeof error.code, SockErrorCode>>()
    // @ts-expect-error -- there is no such code
    expect(isSockError(error, 'ERR_SOCK_CLOSE')).toBe(false)
  })
})

describe('what must not compile', () => {
  it('what must not compile is never run', () => {
    expect(refused.every((body) => typeof body === 'function')).toBe(true)
  })
})
