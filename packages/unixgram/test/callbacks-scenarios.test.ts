import { describe, expect, it } from '@jest/globals'
import { runProgram } from './support/program.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('CALLBACKS_ARE_WHOLE', () => {
  it('CALLBACKS_ARE_WHOLE says whether a promise in a callback of the native module goes on before anything else happens', async () => {
    const module = new URL('../dist/lib/unix-dgram.js', import.meta.url).href
    const path = scratch.own('app.sock')
    const seen = await runProgram(
      `
      const { loadUnixDgram, CALLBACKS_ARE_WHOLE } = await import(args[0])
      const native = loadUnixDgram(args[0])
      const { AF_UNIX, SOCK_DGRAM } = native
      const events = []
      const received = () => {
        events.push('message')
        queueMicrotask(() => events.push('promise'))
      }
      native.bind(native.socket(AF_UNIX, SOCK_DGRAM, 0, received, () => {}), args[1])
      const sender = native.socket(AF_UNIX, SOCK_DGRAM, 0, () => {}, () => {})
      native.sendto(sender, Buffer.from('x'), 0, 1, args[1])
      setTimeout(() => {
        done({ CALLBACKS_ARE_WHOLE, events })
        process.exit()
      }, 100)`,
      [module, path],
    )
    const isWhole = Number.parseInt(process.versions.node, 10) <= 24
    expect(seen).toEqual({
      CALLBACKS_ARE_WHOLE: isWhole,
      events: isWhole ? ['message', 'promise'] : ['message'],
    })
  })
})
