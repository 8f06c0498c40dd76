import { describe, expect, it } from '@jest/globals'
import { Announcer } from '../../src/lib/channel/announcer.js'

describe('Announcer', () => {
  it('Announcer.announce() tells the observers first, then acts once, and returns the result', () => {
    const announcer = new Announcer()
    const order: unknown[] = []
    const result = announcer.announce(
      () => order.push('told', announcer.isTelling),
      () => order.push('done', announcer.isTelling),
    )
    expect(order).toEqual(['told', true, 'done', false])
    expect(result).toBe(4)
  })

  it('Announcer.announce() by an observer waits for the act that the observer was told about', () => {
    const announcer = new Announcer()
    const order: string[] = []
    const act = (name: string, inside?: () => void): number =>
      announcer.announce(
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
    expect(announcer.isTelling).toBe(false)
  })

  it('Announcer.announce() works again after each act', () => {
    const announcer = new Announcer()
    const results = ['a', 'b'].map((name) =>
      announcer.announce(
        () => {},
        () => name,
      ),
    )
    expect(results).toEqual(['a', 'b'])
  })
})
