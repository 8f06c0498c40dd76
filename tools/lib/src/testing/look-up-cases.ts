import { expect, it } from '@jest/globals'
import dns from 'node:dns'
import promises from 'node:dns/promises'
import { getEventListeners } from 'node:events'
import { isIP } from 'node:net'
import { countSockets, later } from './resources.js'
import { rejection } from './wait.js'
import type { TestedEngine } from './engines.js'

export const REASON = new Error('never mind')

/** A server that echoes, as far as these cases use it. */
interface Server<Address> {
  readonly state: string
  readonly address: Address | undefined
  listen(target: string, options?: { signal?: AbortSignal }): Promise<Address>
  close(): Promise<unknown>
  shutdown(): Promise<unknown>
}

/** What a transport with host names has to offer. */
export interface LookUpFixture<Address> {
  /** As in `connectTcp()`. */
  readonly transport: 'Tcp' | 'Udp'
  /** Returns an echo server that is closed after the test. */
  readonly createServer: () => Server<Address>
  readonly connect: (target: string, options: { signal: AbortSignal }) => Promise<unknown>
  /** Sends a word to the server at the address, and returns the answer. */
  readonly ask: (address: Address, word: string) => Promise<string>
}

/** Turns of the event loop in which what was begun would show. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

/** What `connect…()` and `listen()` do while a name is looked up. */
export function describeLookUps<Address>(
  { name, describe }: Pick<TestedEngine<unknown>, 'name' | 'describe'>,
  { transport, createServer, connect, ask }: LookUpFixture<Address>,
): void {
  describe(`look-ups of names${name}`, () => {
    it(`connect${transport}() rejects with the reason of its signal at once, while a name is looked up`, async () => {
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const connecting = connect('name.test:9', { signal: controller.signal })
      expect(lookUps.waiting).toBe(1)
      controller.abort(REASON)
      expect(await rejection(connecting)).toBe(REASON)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
    })

    it('listen() rejects with the reason of its signal at once, while a name is looked up, and is not bound afterwards', async () => {
      const server = createServer()
      const before = countSockets()
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const listening = server.listen('name.test:0', { signal: controller.signal })
      controller.abort(REASON)
      expect(await rejection(listening)).toBe(REASON)
      expect(server.state).toBe('idle')
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
      expect(countSockets()).toBe(before)
    })

    it.each(['close', 'shutdown'] as const)(
      'listen() hears %s() at once, while a name is looked up, and can listen again',
      async (how) => {
        const server = createServer()
        const lookUps = holdLookUps()
        const listening = server.listen('name.test:0')
        await server[how]()
        expect(await rejection(listening)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
        expect(server.state).toBe('idle')
        const address = await server.listen('127.0.0.1:0')
        lookUps.answer()
        await turns()
        expect(server.address).toBe(address)
        expect(await ask(address, 'served')).toBe('served')
      },
    )

    it('listen() binds the address that a name stands for', async () => {
      const lookUps = holdLookUps()
      const listening = createServer().listen('name.test:0')
      lookUps.answer()
      expect(await listening).toMatchObject({ family: 'ipv4', host: '127.0.0.1' })
    })
  })
}

/** Look-ups of names that wait until the test answers them, as if the resolver did not answer. */
export interface HeldLookUps {
  /** The number of look-ups that wait. */
  readonly waiting: number
  /** Answers all of them, with 127.0.0.1. */
  answer(): void
}

/** Holds all look-ups until {@link HeldLookUps.answer} is called, or the test ends. */
export function holdLookUps(): HeldLookUps {
  const pending: (() => void)[] = []
  const found = [{ address: '127.0.0.1', family: 4 }]
  const { lookup } = dns
  const { lookup: lookupPromise } = promises
  later(() => {
    dns.lookup = lookup
    promises.lookup = lookupPromise
  })
  // Node's own sockets call this, for IP addresses too.
  dns.lookup = ((host: string, options: object, callback: (...result: unknown[]) => void) => {
    if (isIP(host) !== 0) lookup(host, options, callback)
    else pending.push(() => callback(null, found, undefined))
  }) as never
  promises.lookup = (() =>
    new Promise((resolve) => {
      pending.push(() => resolve(found))
    })) as never
  return {
    get waiting() {
      return pending.length
    },
    answer() {
      for (const settle of pending.splice(0)) settle()
    },
  }
}
