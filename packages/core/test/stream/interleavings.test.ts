import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { story } from '../support/fake-server.js'
import {
  ACTS,
  begin,
  CALLBACKS,
  happen,
  OBSERVED,
  OBSERVER_ACTS,
  permutations,
  PORT_EVENTS,
  REASONS,
  type Course,
} from '../support/interleaving.js'
import { settle } from '../support/settle.js'

const ORDERS = permutations(PORT_EVENTS)

/** Ends everything, and checks the result. @throws with `what` happened, if it is wrong */
async function checkEnd(course: Course, what: string): Promise<void> {
  course.keep('the last close', course.server.close())
  happen(course, 'closed')
  await settle()
  const { heard, pending, server, events, port, given, connection } = course
  const { calls, written } = port
  const isFailing = /throws|rejects/.test(what)
  const over = calls.findIndex((call) => call !== 'start' && /destroy|reset|shutdown/.test(call))
  const once = (name: string): number => heard.filter((one) => one === name).length
  const seen = {
    first: heard[0],
    last: heard.at(-1),
    opens: once('open'),
    closes: once('close'),
    endsAtMostOnce: once('end') <= 1,
    dataAfterEnd: heard.includes('end') && heard.lastIndexOf('data') > heard.indexOf('end'),
    pending: [...pending],
    open: [server.openConnections, server.state],
    story: [
      story({ events }).slice(0, 2),
      story({ events }).filter((name) => name.startsWith('close ')).length,
    ],
    // A callback that failed may never have been called.
    errorsAreCounted: isFailing || server.stats().handlerErrors === 0,
    shutdowns: port.count('shutdownWrite') <= 1,
    bytes: server.stats().bytesRead === connection.bytesRead,
    isInOrder: written.every((text, at) => text === given[at]),
    written: server.stats().bytesWritten === written.join('').length,
    writesTooLate: over !== -1 && calls.lastIndexOf('write') > over,
  }
  const wanted = {
    first: 'open',
    last: 'close',
    opens: 1,
    closes: 1,
    endsAtMostOnce: true,
    dataAfterEnd: false,
    pending: [],
    open: [0, 'closed'],
    story: [['new', 'handler'], 1],
    errorsAreCounted: true,
    shutdowns: true,
    bytes: true,
    isInOrder: true,
    written: true,
    writesTooLate: false,
  }
  // This runs tens of thousands of times, and jest's comparison would take most of the time.
  if (!isDeepStrictEqual(seen, wanted)) expect({ what, ...seen }).toEqual({ what, ...wanted })
}

describe('all orders of data, more data, end, drained, finished and closed', () => {
  const cases = CALLBACKS.flatMap((where) => ACTS.map((act) => [where, act] as const))

  it.each(cases)(
    'a stream server survives all orders of what a port can do when the callback "%s" %s',
    async (where, act) => {
      for (const [at, order] of ORDERS.entries()) {
        const course = await begin(where, act)
        // Also with each reason to be closed, and with time in between or none.
        for (const event of order) {
          happen(course, event, REASONS[at % REASONS.length])
          if (at % 2 === 0) await Promise.resolve()
        }
        await checkEnd(course, `"${where}" ${act}: ${order.join(', ')}`)
      }
    },
  )
})

describe('a part of these orders', () => {
  const cases = OBSERVED.flatMap((where) => OBSERVER_ACTS.map((act) => [where, act] as const))

  it.each(cases)(
    'a stream server survives orders of what a port can do when an observer of "%s" %s',
    async (where, act) => {
      // A prime, so that each event comes at each place.
      for (let at = 0; at < ORDERS.length; at += 11) {
        const course = await begin(`observer of ${where}`, act)
        for (const event of ORDERS[at] ?? []) {
          happen(course, event, REASONS[at % REASONS.length])
          if (at % 2 === 0) await Promise.resolve()
        }
        await checkEnd(course, `observer of "${where}" ${act}: ${ORDERS[at]?.join(', ')}`)
      }
    },
  )
})

describe('any schedule of what the port and what the user does', () => {
  const USER = [
    'closes',
    'ends',
    'destroys',
    'writes',
    'stops reading',
    'shuts down',
    'stops the server',
  ] as const

  function use(course: Course, what: (typeof USER)[number]): void {
    const { connection, server, keep } = course
    if (what === 'closes') keep('close', connection.close())
    if (what === 'ends') keep('closeWrite', connection.closeWrite())
    if (what === 'destroys') connection.destroy()
    if (what === 'writes') course.write('something')
    if (what === 'stops reading') connection.closeRead()
    if (what === 'shuts down') keep('shutdown', server.shutdown())
    if (what === 'stops the server') keep('server.close', server.close())
  }

  it('a connection ends as it should after any schedule of what its port and its user do', async () => {
    const events = fc.array(fc.constantFrom(...PORT_EVENTS.slice(0, -1)), { maxLength: 15 })
    const calls = fc.array(fc.constantFrom(...USER), { maxLength: 8 })
    const where = fc.tuple(fc.constantFrom(...CALLBACKS), fc.constantFrom(...ACTS))
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), events, calls, where, async (scheduler, port, user, [name, act]) => {
        const course = await begin(name, act)
        const step = (label: string, run: () => void) => ({ label, builder: () => Promise.resolve(run()) })
        scheduler.scheduleSequence(port.map((event) => step(event, () => happen(course, event))))
        scheduler.scheduleSequence(user.map((what) => step(what, () => use(course, what))))
        await scheduler.waitIdle()
        await checkEnd(course, `"${name}" ${act}`)
      }),
      { numRuns: 1_000 },
    )
  })
})
