import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Sweep, type Watched } from '../../src/lib/async/sweep.js'
import { createFakeStreamPort } from '@sock/testing'
import { serveFake } from '../support/fake-server.js'
import { pass, stopClock } from '../support/settle.js'

/** Something that wants to be looked at every so many ms, and notes when it was. */
function watched(every: number): Watched & { readonly looks: number[] } {
  const looks: number[] = []
  return {
    index: -1,
    looks,
    check(now) {
      looks.push(now)
      return every
    },
  }
}

/** Keeps the event loop from doing anything else. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('Sweep', () => {
  afterEach(() => void jest.useRealTimers())

  it('Sweep.watch() checks an item when asked, and then as often as it wants', async () => {
    await stopClock()
    const sweep = new Sweep()
    const item = watched(200)
    sweep.watch(item, 50)
    await pass(49)
    expect(item.looks).toEqual([])
    await pass(500)
    // A look comes with the turn of the event loop after its timer, which this clock counts as a ms.
    expect(item.looks).toEqual([1_051, 1_252, 1_453])
    sweep.unwatch(item)
  })

  it.each(['first', 'last'])(
    'Sweep.watch() checks all items when the most impatient one is due, though it came %s',
    async (place) => {
      await stopClock()
      const sweep = new Sweep()
      const [patient, impatient] = [watched(10_000), watched(100)]
      if (place === 'first') sweep.watch(impatient, 100)
      sweep.watch(patient, 10_000)
      if (place === 'last') sweep.watch(impatient, 100)
      expect(jest.getTimerCount()).toBe(1)
      await pass(250)
      expect([patient.looks.length, impatient.looks.length]).toEqual([2, 2])
      sweep.unwatch(impatient)
      sweep.unwatch(patient)
    },
  )

  it('Sweep.unwatch() in the check of one item saves the other one from its own, and stops the timer', async () => {
    await stopClock()
    const sweep = new Sweep()
    const looks: string[] = []
    const rival = (name: string, other: () => Watched): Watched => ({
      index: -1,
      check() {
        looks.push(name)
        sweep.unwatch(other())
        return Infinity
      },
    })
    const one: Watched = rival('one', () => two)
    const two: Watched = rival('two', () => one)
    sweep.watch(one, 100)
    sweep.watch(two, 100)
    await pass(1_000)
    expect([looks.length, jest.getTimerCount()]).toEqual([1, 0])
  })

  it('Sweep.watch() forgets an item that wants no further check, and its timer, until it is watched again', async () => {
    await stopClock()
    const sweep = new Sweep()
    const item = watched(Infinity)
    sweep.watch(item, 100)
    await pass(1_000)
    expect([item.looks.length, jest.getTimerCount()]).toEqual([1, 0])
    sweep.watch(item, 100)
    await pass(200)
    expect(item.looks).toHaveLength(2)
    const other = watched(100)
    sweep.watch(other, 100)
    await pass(500)
    expect(item.looks).toHaveLength(2)
    sweep.unwatch(other)
  })

  it('Sweep.watch() never checks more often than every ten ms', async () => {
    await stopClock()
    const sweep = new Sweep()
    const item = watched(0)
    sweep.watch(item, 0)
    await pass(100)
    expect(item.looks.length).toBeLessThanOrEqual(10)
    sweep.unwatch(item)
  })

  it('Sweep.unwatch() of the last item stops the timer, also between timer and check, and twice', async () => {
    await stopClock()
    const sweep = new Sweep()
    const [first, second] = [watched(100), watched(100)]
    sweep.watch(first, 100)
    sweep.watch(second, 100)
    sweep.unwatch(first)
    expect(jest.getTimerCount()).toBe(1)
    jest.advanceTimersByTime(100)
    sweep.unwatch(second)
    sweep.unwatch(second)
    expect(jest.getTimerCount()).toBe(0)
    await pass(1_000)
    expect(first.looks).toEqual([])
  })

  it('Sweep.watch() says after which time input was read: after that of its timer, not that of the check', async () => {
    await stopClock()
    const sweep = new Sweep()
    const times: number[][] = []
    sweep.watch({ index: -1, check: (...both) => (times.push(both), Infinity) }, 50)
    await pass(100)
    // As above, the check is a turn later than the timer.
    expect(times).toEqual([[1_051, 1_050]])
  })

  it('Sweep.unwatch() and watch() from inside a check take effect', async () => {
    await stopClock()
    const sweep = new Sweep()
    const later = watched(50)
    const once: Watched = {
      index: -1,
      check() {
        sweep.unwatch(once)
        sweep.watch(later, 50)
        return Infinity
      },
    }
    sweep.watch(once, 10)
    await pass(200)
    expect(later.looks.length).toBeGreaterThan(1)
    sweep.unwatch(later)
    expect(jest.getTimerCount()).toBe(0)
  })

  it('Sweep.watch() does not keep the process alive', () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const sweep = new Sweep()
    const item = watched(1_000)
    sweep.watch(item, 1_000)
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before)
    sweep.unwatch(item)
  })
})

describe('a blocked event loop', () => {
  const IDLE = 100

  it('idleTimeout lets input be read that came while the event loop was blocked', async () => {
    const { accept } = await serveFake({ data() {} }, { idleTimeout: IDLE })
    const [talking, silent] = [accept(), accept()]
    const done = new Promise<void>((resolve) => {
      silent.destroy = () => resolve()
    })
    // What the kernel has for us is read only after the timers that became due while the loop was blocked.
    const arrival = setTimeout(() => {
      block(3 * IDLE)
      setImmediate(() => talking.receive('was here all the time'))
    }, 1)
    await done
    clearTimeout(arrival)
    expect(talking.isDestroyed).toBe(false)
    talking.close()
    silent.close()
  })

  it('idleTimeout destroys a connection after the event loop was blocked if nothing came', async () => {
    const { accept } = await serveFake({ data() {} }, { idleTimeout: IDLE })
    const port = createFakeStreamPort()
    const destroyed = new Promise<void>((resolve) => {
      port.destroy = () => resolve()
    })
    accept(port)
    block(3 * IDLE)
    await destroyed
    port.close()
  })
})
