import { expect, it } from '@jest/globals'
import { holdLookUps } from '@sock/tools/testing/look-ups'
import { rejection } from '@sock/tools/testing/wait'
import { getEventListeners } from 'node:events'
import { connectUdp } from '../src/index.js'
import { engines } from './support/engines.js'
import { bindPeer, create, dial, echo, unusedPort } from './support/sockets.js'

const REASON = new Error('never mind')

/** Waits for turns of the event loop in which a started operation would show. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

for (const { name, options, describe } of engines) {
  describe(`connectUdp${name} while a name is looked up`, () => {
    it('rejects with the reason at once', async () => {
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const connecting = connectUdp('name.test:9', { ...options, signal: controller.signal })
      controller.abort(REASON)
      expect(await rejection(connecting)).toBe(REASON)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
    })
  })

  describe(`listen()${name} while a name is looked up`, () => {
    it('rejects with the reason of its signal at once, and is not bound afterwards', async () => {
      const port = await unusedPort()
      const { server } = create(echo, options)
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const listening = server.listen(`name.test:${port}`, { signal: controller.signal })
      controller.abort(REASON)
      expect(await rejection(listening)).toBe(REASON)
      expect(server.state).toBe('idle')
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
      // Otherwise binding would fail.
      await bindPeer('127.0.0.1', { port })
    })

    it.each(['close', 'shutdown'] as const)('hears %s() at once, and can listen again', async (how) => {
      const { server } = create(echo, options)
      const lookUps = holdLookUps()
      const listening = server.listen('name.test:0')
      await server[how]()
      expect(await rejection(listening)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
      expect(server.state).toBe('idle')
      const address = await server.listen('127.0.0.1:0')
      lookUps.answer()
      await turns()
      expect(server.address).toBe(address)
      const client = await dial(address)
      await client.write('served')
      expect(`${await client.read()}`).toBe('served')
    })
  })
}
