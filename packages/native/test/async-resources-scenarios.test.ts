import { afterEach, expect, it } from '@jest/globals'
import { createHook, executionAsyncId } from 'node:async_hooks'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { engine } from '../src/index.js'
import { describeNative as describe } from './support/needs.js'
import { createPair, listenOnIp, type Witness } from './support/pair.js'

/** The ids of created and of destroyed resources, by type. */
function watch() {
  const made = new Map<string, number[]>()
  const gone = new Set<number>()
  const hook = createHook({
    init: (id, type) => void made.set(type, [...(made.get(type) ?? []), id]),
    destroy: (id) => void gone.add(id),
  }).enable()
  hooks.push(hook)
  const idsOf = (type: string): number[] => made.get(type) ?? []
  /** Resolves when all of a type are gone. */
  const whenGone = async (type: string): Promise<void> => {
    while (!idsOf(type).every((id) => gone.has(id))) await turn()
  }
  return { idsOf, whenGone }
}

const hooks: { disable(): unknown }[] = []
afterEach(() => {
  for (const hook of hooks.splice(0)) hook.disable()
})

/** Records the asynchronous id of each chunk. */
function idsAtChunks(witness: Witness): number[] {
  const ids: number[] = []
  witness.onChunk = () => void ids.push(executionAsyncId())
  return ids
}

describe('the asynchronous resource', () => {
  it('the asynchronous resource of a connection is its own: all its callbacks run in it, and it is destroyed after the end', async () => {
    const { idsOf, whenGone } = watch()
    const pairs = [await createPair(), await createPair()]
    const [first = [], second = []] = pairs.map(({ witness }) => idsAtChunks(witness))
    const ends: number[] = []
    for (const { witness, peer } of pairs) {
      witness.onTold = () => void ends.push(executionAsyncId())
      for (let count = 1; count <= 3; count++) {
        peer.write('x')
        await witness.until(({ bytes }) => bytes === count)
      }
    }
    const ids = idsOf('SOCKCONNECTION')
    expect(new Set(ids).size).toBe(2)
    expect(first).toEqual([ids[0], ids[0], ids[0]])
    expect(second).toEqual([ids[1], ids[1], ids[1]])
    for (const { ours, peer, witness } of pairs) {
      peer.end()
      await witness.has('ended')
      ours.destroy()
      await witness.has('closed')
    }
    expect(ends).toEqual([ids[0], ids[0], ids[1], ids[1]])
    await whenGone('SOCKCONNECTION')
  })

  it('the asynchronous resource of a connection that is not accepted is destroyed, too', async () => {
    const { idsOf, whenGone } = watch()
    const { listener, port } = await listenOnIp(engine, { accept: (refused) => refused.destroy() })
    const peer = connect({ host: '127.0.0.1', port })
    await new Promise((resolve) =>
      peer
        .on('error', () => undefined)
        .once('close', resolve)
        .resume(),
    )
    await listener.close()
    expect(idsOf('SOCKCONNECTION')).toHaveLength(1)
    await whenGone('SOCKCONNECTION')
  })

  it('the asynchronous resource of a listener is its own, peers are accepted in it, and it is destroyed with it', async () => {
    const { idsOf, whenGone } = watch()
    const ids: number[] = []
    const { listener, port } = await listenOnIp(engine, {
      accept(accepted) {
        ids.push(executionAsyncId())
        accepted.destroy()
      },
    })
    const peer = connect({ host: '127.0.0.1', port })
    await new Promise((resolve) =>
      peer
        .on('error', () => undefined)
        .once('close', resolve)
        .resume(),
    )
    expect(ids).toEqual(idsOf('SOCKLISTENER'))
    await listener.close()
    await listener.close()
    await whenGone('SOCKLISTENER')
  })

  it('the asynchronous resource of a datagram socket is its own, and is destroyed with it', async () => {
    const { idsOf, whenGone } = watch()
    const bind = { host: '127.0.0.1', port: 0, family: 'udp4' } as const
    const settings = { broadcast: false, multicast: [] } as never
    const sockets = [await engine.openUdp(bind, settings), await engine.openUdp(bind, settings)]
    const [one, other] = sockets as [(typeof sockets)[0], (typeof sockets)[0]]
    const heard: Promise<number>[] = sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket.start({ received: () => resolve(executionAsyncId()), failed() {}, closed() {} }),
        ),
    )
    one.send(Buffer.from('x'), other.localAddress, { done() {} })
    other.send(Buffer.from('x'), one.localAddress, { done() {} })
    expect(await Promise.all(heard)).toEqual(idsOf('SOCKDATAGRAM'))
    for (const socket of sockets) socket.close()
    await whenGone('SOCKDATAGRAM')
  })
})
