import type { Address } from '../address.js'
import type { Connection } from '../channel.js'
import type { StreamHandler } from '../handler.js'
import type { ConnectionEvent, Server } from '../server.js'
import type { StreamClientOptions, StreamServerOptions } from '../stream/options.js'
import { assertNothingLeft, takeInventory } from './inventory.js'
import type { Case, Suite } from './suite.js'

/** What a transport gives, so that its conformance can be tested. */
export interface StreamFixture {
  /** Names the suite: `tcp`, `tcp with TLS`… */
  readonly name: string
  createServer(handler: StreamHandler, options?: StreamServerOptions): StreamServerUnderTest
  /** Something to listen on that nobody else uses: port 0, a new path. */
  target(): unknown
  connect(address: Address, options?: StreamClientOptions): Promise<Connection>
  /** Names of what a server makes and must remove, such as socket files. */
  leftovers?(): readonly string[]
}

/** A server of whatever transport; its targets are the fixture's business. */
export type StreamServerUnderTest = Server<never, Address>

/** Servers and clients of one case, which all go when it ends. */
export interface Stage {
  readonly fixture: StreamFixture
  /** A server that listens, with what its observers have heard. */
  serve(handler: StreamHandler, options?: StreamServerOptions): Promise<Scene>
}

export interface Scene {
  readonly server: StreamServerUnderTest
  readonly address: Address
  readonly errors: Error[]
  readonly events: ConnectionEvent[]
  readonly states: string[]
  readonly connect: (options?: StreamClientOptions) => Promise<Connection>
}

/** A suite over a fixture: each case gets a stage of its own, and must leave nothing behind. */
export type SuiteOf = (fixture: StreamFixture) => Suite

/** Puts cases together to a suite. */
export function defineSuite(
  name: string,
  cases: Readonly<Record<string, (stage: Stage) => Promise<void>>>,
  suites: readonly SuiteOf[] = [],
): SuiteOf {
  return (fixture) => ({
    name,
    cases: Object.entries(cases).map(([title, body]): Case => ({
      name: title,
      run: () => perform(fixture, body),
    })),
    suites: suites.map((suite) => suite(fixture)),
  })
}

async function perform(fixture: StreamFixture, body: (stage: Stage) => Promise<void>): Promise<void> {
  const leftovers = () => fixture.leftovers?.() ?? []
  const before = takeInventory(leftovers)
  const servers: StreamServerUnderTest[] = []
  const clients: Connection[] = []
  const stage: Stage = {
    fixture,
    async serve(handler, options) {
      const server = fixture.createServer(handler, options)
      servers.push(server)
      const scene = observe(server)
      const address = await server.listen(fixture.target() as never)
      return {
        ...scene,
        address,
        async connect(clientOptions) {
          const client = await fixture.connect(address, clientOptions)
          clients.push(client)
          return client
        },
      }
    },
  }
  try {
    await body(stage)
  } finally {
    for (const client of clients) client.destroy()
    await Promise.all(servers.map((server) => server.close()))
  }
  await assertNothingLeft(before, leftovers)
}

function observe(server: StreamServerUnderTest): Omit<Scene, 'address' | 'connect'> {
  const errors: Error[] = []
  const events: ConnectionEvent[] = []
  const states: string[] = []
  server.on('error', (error) => errors.push(error))
  server.on('connection', (event) => events.push(event))
  server.on('state', (state) => states.push(state))
  return { server, errors, events, states }
}
