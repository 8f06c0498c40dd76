import { exchange, type Connection, type DatagramChannel, type IpAddress } from '@sock/core'
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { echo } from './handlers.js'
import { whileLookUpsWait, type HeldLookUps } from './held-look-ups.js'
import { defineAnySuite, type AnyKind, type Stage } from './stage.js'
import { rejectsWith, soon } from './wait.js'

/** Targets that name a host: what servers and clients do while the name is looked up. */
export const lookUps = defineAnySuite('names of hosts', {
  'connect rejects with the reason of its signal at once, while a name is looked up': held(
    async ({ fixture }, target, names) => {
      await expectAborted(names, (signal) => fixture.connect(target(9), { signal }))
    },
  ),

  'connect does not connect when a name is resolved after its signal has aborted': held(
    async (stage, target, names) => {
      const { address, connect, events } = await stage.serve(echo)
      const { port } = address as IpAddress
      await expectAborted(names, (signal) => stage.fixture.connect(target(port), { signal }))
      // The server would hear of the first client before it hears of this one.
      const client = await connect()
      const { localAddress } = client
      await expectEcho(client)
      const peers = events.flatMap(({ remote }) => (remote === undefined ? [] : String(remote)))
      assert.deepEqual([...new Set(peers)], [String(localAddress)])
    },
  ),

  'listen() rejects with the reason of its signal at once, while a name is looked up, and is not bound afterwards':
    held(async ({ fixture }, target, names) => {
      const server = fixture.createServer(echo)
      await expectAborted(names, (signal) => server.listen(target(0), { signal }))
      assert.equal(server.state, 'idle')
    }),

  'listen() hears close() and shutdown() at once, while a name is looked up, and can listen again': held(
    async ({ fixture }, target, names) => {
      const server = fixture.createServer(echo)
      for (const end of ['close', 'shutdown'] as const) {
        const listening = assert.rejects(server.listen(target(0)), { code: 'ERR_SOCK_CLOSED' })
        await names.asked()
        await soon<unknown>(Promise.all([server[end](), listening]), end)
        assert.equal(server.state, 'idle')
        const address = await server.listen(fixture.target())
        await names.answer()
        assert.deepEqual(server.address, address)
        await expectEcho(await fixture.connect(address))
        await soon(server.close(), 'close')
      }
    },
  ),

  'listen() binds the address that a name stands for': held(async ({ fixture }, target, names) => {
    const server = fixture.createServer(echo)
    const listening = server.listen(target(0))
    await names.answer()
    const { family, host } = (await soon(listening, 'listening')) as IpAddress
    await soon(server.close(), 'close')
    assert.deepEqual([family, host], ['ipv4', '127.0.0.1'])
  }),
})

/** Makes a case in which look-ups wait. Its targets name a host that does not exist. */
function held(
  body: (stage: Stage<AnyKind>, target: (port: number) => string, names: HeldLookUps) => Promise<void>,
): (stage: Stage<AnyKind>) => Promise<void> {
  return (stage) => {
    const target = (port: number): string => stage.fixture.hostTarget?.('name.test', port) ?? ''
    return whileLookUpsWait((names) => body(stage, target, names))
  }
}

/** Aborts what looks a name up. It must end at once, and what it began after the answer would be left behind. */
async function expectAborted(
  names: HeldLookUps,
  begin: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const reason = new Error('never mind')
  const stop = new AbortController()
  const beginning = begin(stop.signal)
  await names.asked()
  stop.abort(reason)
  await soon(rejectsWith(beginning, reason), 'the rejection')
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  await names.answer()
}

async function expectEcho(client: Connection | DatagramChannel): Promise<void> {
  assert.equal(String(await soon(exchange(client, 'x'), 'the echo')), 'x')
}
