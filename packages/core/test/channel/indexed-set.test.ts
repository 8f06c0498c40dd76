import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { IndexedSet, type Indexed } from '../../src/lib/channel/indexed-set.js'

describe('IndexedSet', () => {
  it('IndexedSet holds what a Set would hold, whatever comes and goes', () => {
    const step = fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(9))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const members = Array.from({ length: 10 }, (): Indexed => ({ index: -1 }))
        const roster = new IndexedSet()
        const set = new Set<Indexed>()
        for (const [action, index] of steps) {
          const member = members[index] as Indexed
          if (action === 'add') {
            roster.add(member)
            set.add(member)
          } else {
            expect(roster.delete(member)).toBe(set.delete(member))
          }
          expect(roster.size).toBe(set.size)
          expect(members.map((each) => roster.has(each))).toEqual(members.map((each) => set.has(each)))
        }
        expect(new Set(roster)).toEqual(set)
      }),
    )
  })

  it('IndexedSet iterates over the members of the beginning, while they leave and others come', () => {
    const members = Array.from({ length: 5 }, (): Indexed => ({ index: -1 }))
    const roster = new IndexedSet()
    for (const member of members) roster.add(member)
    const seen: Indexed[] = []
    for (const member of roster) {
      seen.push(member)
      roster.delete(member)
      roster.add({ index: -1 })
    }
    expect(seen).toEqual(members)
    expect(roster.size).toBe(5)
  })
})
