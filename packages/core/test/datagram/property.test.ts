import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ipAddress } from '../../src/lib/address/address.js'
import type { DatagramChannel } from '../../src/lib/channel/channel.js'
import { createDatagramServer } from '../../src/lib/datagram/datagram-server.js'
import { createFakeDatagramPort, type FakeSent } from '@sock/testing'
import { systemError } from '../support/fake-server.js'

const DESTINATIONS = [1, 2, 3].map((port) => ipAddress('127.0.0.1', port))

type Step =
  | { do: 'receive'; from: number; size: number }
  | { do: 'read' }
  | { do: 'send'; to: number }
  | { do: 'fill' | 'empty'; to: number }
  | { do: 'late'; isLate: boolean }
  | { do: 'answer'; error: boolean }
  | { do: 'turn' }

const index = fc.nat({ max: DESTINATIONS.length - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('receive' as const), from: index, size: fc.nat({ max: 100 }) }),
  fc.record({ do: fc.constant('read' as const) }),
  { arbitrary: fc.record({ do: fc.constant('send' as const), to: index }), weight: 3 },
  fc.record({ do: fc.constantFrom('fill' as const, 'empty' as const), to: index }),
  fc.record({ do: fc.constant('late' as const), isLate: fc.boolean() }),
  { arbitrary: fc.record({ do: fc.constant('answer' as const), error: fc.boolean() }), weight: 2 },
  fc.record({ do: fc.constant('turn' as const) }),
)

/** The system: receivers that are full or not, and answers that come at once or later. */
class System {
  readonly full = new Set<string>()
  readonly unanswered: FakeSent[] = []
  isLate = false
  readonly port = createFakeDatagramPort({
    answer: (_, to) => (this.full.has(to) ? systemError('EAGAIN') : this.isLate ? 'later' : undefined),
  })
  #seen = 0

  /** Records sent datagrams that wait for their answer. */
  look(): void {
    if (this.isLate) this.unanswered.push(...this.port.sent.slice(this.#seen))
    this.#seen = this.port.sent.length
  }

  answer(error?: Error): void {
    this.unanswered.shift()?.done(error)
  }

  relax(): void {
    this.look()
    this.isLate = false
    this.full.clear()
    while (this.unanswered.length > 0) this.answer()
  }
}

/** What a promise has become, so that the end of each can be checked. */
type Outcome = 'pending' | 'fulfilled' | 'rejected'

function watch(outcomes: Outcome[], promise: Promise<unknown>): void {
  const at = outcomes.push('pending') - 1
  promise.then(
    () => (outcomes[at] = 'fulfilled'),
    () => (outcomes[at] = 'rejected'),
  )
}

async function play(steps: readonly Step[], end: 'close' | 'shutdown' | 'relax'): Promise<void> {
  const system = new System()
  const { port } = system
  let channel: DatagramChannel | undefined
  const server = createDatagramServer<string, (typeof DESTINATIONS)[number], number>(
    { transport: 'unixgram', parse: () => 0, open: () => Promise.resolve(port) },
    { open: (opened) => void (channel = opened) },
    { shutdownTimeout: 50, maxQueuedBytes: 500, configure: undefined },
  )
  await server.listen('')
  const reads: Outcome[] = []
  const sends: Outcome[] = []
  const texts = new Map(DESTINATIONS.map((address) => [String(address), [] as string[]]))
  let received = 0

  for (const each of steps) {
    switch (each.do) {
      case 'receive':
        received += 1
        port.receive('x'.repeat(each.size), each.from + 1)
        break
      case 'read':
        watch(reads, channel!.read())
        break
      case 'send': {
        const to = DESTINATIONS[each.to]!
        const text = `${sends.length}`
        texts.get(String(to))?.push(text)
        watch(sends, channel!.send(text, to))
        break
      }
      case 'fill':
        system.full.add(String(DESTINATIONS[each.to]))
        break
      case 'empty':
        system.full.delete(String(DESTINATIONS[each.to]))
        break
      case 'late':
        system.look()
        system.isLate = each.isLate
        break
      case 'answer':
        system.look()
        system.answer(each.error ? systemError('EIO') : undefined)
        break
      case 'turn':
        await new Promise(setImmediate)
        break
    }
  }
  if (end === 'relax') system.relax()
  await (end === 'close' ? server.close() : server.shutdown().catch(() => undefined))
  await new Promise(setImmediate)

  // Every promise settles.
  expect([...reads, ...sends]).not.toContain('pending')
  // Nothing is sent twice, and to each destination in order.
  for (const [to, expected] of texts) {
    const got = port.sent.filter((sent) => sent.to === to).map(({ data }) => data)
    expect(new Set(got).size).toBe(got.length)
    expect(got).toEqual(expected.filter((text) => got.includes(text)))
  }
  // The counters add up.
  const stats = server.stats()
  const { queueFull, unread, closing } = stats.datagramsDropped
  const taken = reads.filter((outcome) => outcome === 'fulfilled').length
  const ended = taken - (received - queueFull - unread - closing)
  expect(stats.datagramsReceived).toBe(received)
  // A read that is fulfilled had a datagram, or waited for one when the end came: that is one at most.
  expect([0, 1]).toContain(ended)
  expect(stats.datagramsSent).toBe(sends.filter((outcome) => outcome === 'fulfilled').length)
  expect(stats.sendErrors).toBe(sends.filter((outcome) => outcome === 'rejected').length)
  expect([stats.sendQueueBytes, server.openConnections]).toEqual([0, 0])
  if (end === 'relax') {
    const failed = steps.filter((each) => each.do === 'answer' && each.error).length
    expect(stats.sendErrors).toBeLessThanOrEqual(failed)
  }
}

describe('a datagram server, whatever the order of receiving, reading, sending, refusals and answers', () => {
  it.each(['close', 'shutdown', 'relax'] as const)(
    'a datagram server settles every promise and keeps order and counts, until it ends (%s)',
    async (end) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => play(steps, end)),
        // A shutdown that cannot end takes its 50 ms.
        { numRuns: end === 'shutdown' ? 60 : 200 },
      )
    },
  )
})
