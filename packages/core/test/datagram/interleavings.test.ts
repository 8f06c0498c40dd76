import { describe, expect, it } from '@jest/globals'
import { isDeepStrictEqual } from 'node:util'
import type { DatagramChannel } from '../../src/index.js'
import { createDatagramServer } from '../../src/datagram.js'
import { createFakeDatagramPort } from '@sock/testing'
import { systemError } from '../support/fake-server.js'
import { permutations } from '../support/interleaving.js'
import { PEER, turn } from '../support/fake-datagram-sockets.js'

const EVENTS = ['received', 'received again', 'sent', 'refused', 'broken', 'work done'] as const
const MOMENTS = ['open', 'data', 'close'] as const
const ACTS = [
  'nothing',
  'waits',
  'throws',
  'rejects',
  'sends',
  'closes',
  'stops the server',
  'shuts down',
] as const

type Event = (typeof EVENTS)[number]

/** Plays one order, in which one callback acts. @returns the expected events */
async function play(order: readonly Event[], where: (typeof MOMENTS)[number], act: (typeof ACTS)[number]) {
  const port = createFakeDatagramPort({ answer: () => 'later' })
  const heard: string[] = []
  const tasks: (() => void)[] = []
  let pending = 0
  const keep = (promise: Promise<unknown>): void => {
    pending += 1
    const settled = (): void => void (pending -= 1)
    promise.then(settled, settled)
  }
  const call = (name: (typeof MOMENTS)[number], channel: DatagramChannel): void | Promise<void> => {
    heard.push(name)
    if (name === 'data') keep(channel.write('answer'))
    if (name !== where) return undefined
    if (act === 'waits') return new Promise((resolve) => void tasks.push(resolve))
    if (act === 'throws') throw new Error('oops')
    if (act === 'rejects') return Promise.reject(new Error('oops'))
    if (act === 'sends') keep(channel.send('more', PEER))
    if (act === 'closes') keep(channel.close())
    if (act === 'stops the server') keep(server.close())
    if (act === 'shuts down') keep(server.shutdown())
    return undefined
  }
  const server = createDatagramServer<string, typeof PEER, number>(
    { transport: 'unixgram', parse: () => 0, open: () => Promise.resolve(port) },
    {
      open: (channel) => call('open', channel),
      data: (channel) => call('data', channel),
      close: (channel) => call('close', channel),
    },
    { shutdownTimeout: 1_000, maxQueuedBytes: 10_000, configure: undefined },
  )
  const events: string[] = []
  server.on('connection', ({ state }) => events.push(state))
  // Callbacks fail intentionally, so print no warning.
  server.on('error', () => {})
  const listening = server.listen('here')
  keep(listening)
  await listening.catch(() => {})
  const happen: Record<Event, () => void> = {
    received: () => port.receive('one'),
    'received again': () => port.receive('two'),
    sent: () => port.sent.shift()?.done(),
    refused: () => port.sent.shift()?.done(systemError('EIO')),
    broken: () => port.fail(systemError('ECONNREFUSED')),
    'work done': () => tasks.shift()?.(),
  }
  for (const event of order) {
    happen[event]()
    await Promise.resolve()
  }
  keep(server.close())
  await turn()
  // Operations that were abandoned may settle, too.
  for (const done of tasks) done()
  await turn()
  const { datagramsReceived, datagramsSent, sendErrors, datagramsDropped: dropped } = server.stats()
  return { heard, pending, events, server, datagramsReceived, datagramsSent, sendErrors, dropped }
}

describe('all orders of what a datagram port can do', () => {
  const cases = MOMENTS.flatMap((where) => ACTS.map((act) => [where, act] as const))

  it.each(cases)(
    'a datagram server survives all orders of what its port can do when the callback "%s" %s',
    async (where, act) => {
      for (const order of permutations(EVENTS)) {
        const { heard, pending, events, server, datagramsReceived, dropped, ...sends } = await play(
          order,
          where,
          act,
        )
        const what = `"${where}" ${act}: ${order.join(', ')}`
        const data = heard.filter((name) => name === 'data').length
        const seen = {
          pending,
          first: heard[0],
          last: heard.at(-1),
          calls: heard.length - data,
          events: [events.at(0), events.at(-1), events.filter((name) => /^(new|close)$/.test(name)).length],
          isOver: server.state === 'closed' || server.state === 'idle',
          // Each datagram was given to a callback, dropped and counted, or forgotten with a server that was closed.
          isCounted: data + dropped.queueFull + dropped.unread + dropped.closing <= datagramsReceived,
          isSentAtMostOnce: sends.datagramsSent <= 1,
        }
        const wanted = {
          pending: 0,
          first: 'open',
          last: 'close',
          calls: 2,
          events: ['new', 'close', 2],
          isOver: true,
          isCounted: true,
          isSentAtMostOnce: true,
        }
        // This runs tens of thousands of times, and jest's comparison would take most of the time.
        if (!isDeepStrictEqual(seen, wanted)) expect({ what, ...seen }).toEqual({ what, ...wanted })
      }
    },
  )
})
