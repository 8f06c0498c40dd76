import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { play, steps, type Play } from '../support/chaos.js'
import { story } from '../support/fake-server.js'
import { outcome } from '../support/settle.js'

const RUNS = 500

/** Rules that hold whatever ports and users do, in any order. */
async function check(form: 'function' | 'callbacks', holds: (scene: Play) => void | Promise<void>) {
  const anything = fc.asyncProperty(steps, async (script) => holds(await play(form, script)))
  await fc.assert(anything, { numRuns: RUNS })
}

describe.each(['function', 'callbacks'] as const)(
  'any sequence of events and calls, with a %s handler',
  (form) => {
    it(`openConnections is never negative, and 0 in the end (${form}, any sequence)`, () =>
      check(form, ({ counts, server, actors }) => {
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(0)
        expect(counts.at(-1)).toBe(0)
        expect(server.stats()).toMatchObject({ open: 0, handshaking: 0, accepted: actors.length })
      }))

    it(`connection events are one new, one handler, any others, one close (${form}, any sequence)`, () =>
      check(form, ({ actors, events }) => {
        for (const { connection } of actors) {
          const states = story({ events: events.filter(({ id }) => id === connection.id) })
          expect(states.slice(0, 2)).toEqual(['new', 'handler'])
          expect(states.at(-1)).toMatch(/^close /)
          expect(states.filter((state) => /^(new|handler|close .*)$/.test(state))).toHaveLength(3)
        }
      }))

    it(`every promise of a connection and its server settles (${form}, any sequence)`, () =>
      check(form, async ({ promises }) => {
        const outcomes = await Promise.all(promises.map((promise) => outcome(promise)))
        expect(outcomes.filter(({ state }) => state === 'pending')).toEqual([])
      }))

    it(`input arrives in order, without gaps, as far as it arrives (${form}, any sequence)`, () =>
      check(form, ({ actors }) => {
        for (const { delivered, arrived } of actors) {
          expect(arrived).toEqual(delivered.slice(0, arrived.length))
        }
      }))

    it(`pause() and resume() of a port alternate, and no FIN is sent twice (${form}, any sequence)`, () =>
      check(form, ({ actors }) => {
        for (const { port } of actors) {
          const flow = port.calls.filter((call) => call === 'pause' || call === 'resume')
          expect(flow).toEqual(flow.map((_, at) => (at % 2 === 0 ? 'pause' : 'resume')))
          expect(port.count('start')).toBe(1)
          expect(port.count('shutdownWrite')).toBeLessThanOrEqual(1)
          expect(port.calls.indexOf('start')).toBe(0)
        }
      }))
  },
)

describe('any sequence of events and calls, with callbacks', () => {
  it('the callbacks open and close are called first and last, each once, and end at most once', () =>
    check('callbacks', ({ actors }) => {
      for (const { heard } of actors) {
        expect([heard[0], heard.at(-1)]).toEqual(['open', 'close'])
        for (const name of ['open', 'close']) expect(heard.filter((what) => what === name)).toHaveLength(1)
        expect(heard.filter((what) => what === 'end').length).toBeLessThanOrEqual(1)
      }
    }))

  it('the callback data is called neither after end nor while another call of it is under way', () =>
    check('callbacks', ({ actors }) => {
      for (const { heard, overlaps } of actors) {
        const end = heard.indexOf('end')
        expect(end >= 0 && heard.lastIndexOf('data') > end).toBe(false)
        expect(overlaps).toBe(0)
      }
    }))
})
