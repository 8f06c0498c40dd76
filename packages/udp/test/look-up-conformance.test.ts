import { describeLookUps } from '@sock/tools/testing/look-up-cases'
import { connectUdp } from '../src/index.js'
import { engines } from './support/engines.js'
import { create, dial, echo } from './support/sockets.js'

for (const engine of engines) {
  describeLookUps(engine, {
    transport: 'Udp',
    createServer: () => create(echo, engine.options).server,
    connect: (target, options) => connectUdp(target, { ...engine.options, ...options }),
    async ask(address: Parameters<typeof dial>[0], word) {
      const client = await dial(address)
      await client.write(word)
      return String(await client.read())
    },
  })
}
