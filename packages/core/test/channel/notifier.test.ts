import { describe, expect, it } from '@jest/globals'
import { Notifier } from '../../src/lib/channel/notifier.js'

describe('Notifier', () => {
  it('Notifier.notify() tells the observers first, then acts once, and returns the result', () => {
    const notifier = new Notifier()
    const order: unknown[] = []
    const result = notifier.notify(
      () => order.push('told', notifier.isNotifying),
      () => order.push('done', notifier.isNotifying),
    )
    expect(order).toEqual(['told', true, 'done', false])
    expect(result).toBe(4)
  })

  it('Notifier.notify() by an observer waits for the act that the observer was told about', () => {
    const notifier = new Notifier()
    const order: string[] = []
    const act = (name: string, inside?: () => void): number =>
      notifier.notify(
        () => {
          order.push(`told of ${name}`)
          inside?.()
        },
        () => order.push(name),
      )
    const result = act('first', () => act('second', () => act('third')))
    expect(order).toEqual(['told of first', 'first', 'told of second', 'second', 'told of third', 'third'])
    // The results of the acts: each returns the number of entries so far.
    expect(result).toBe(2)
    expect(notifier.isNotifying).toBe(false)
  })

  it('Notifier.notify() works again after each act', () => {
    const notifier = new Notifier()
    const results = ['a', 'b'].map((name) =>
      notifier.notify(
        () => {},
        () => name,
      ),
    )
    expect(results).toEqual(['a', 'b'])
  })
})
