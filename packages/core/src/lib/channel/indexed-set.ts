/** What can be in an {@link IndexedSet}, in one at a time: it carries its own place there. */
export interface Indexed {
  /** The set's business: an index, or -1 when it is in none. */
  place: number
}

/**
 * A set of objects that come and go all the time. A `Set` would do, but for its garbage: each table that it has outgrown
 * holds on to the next one and to all that was ever in it, until a major collection, so that nothing dies young.
 */
export class IndexedSet<T extends Indexed> implements Iterable<T> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  has(member: Indexed): boolean {
    return this.#members[member.place] === member
  }

  /** Harmless if it is in already. */
  add(member: T): void {
    if (!this.has(member)) member.place = this.#members.push(member) - 1
  }

  /** @returns whether it was in */
  delete(member: Indexed): boolean {
    if (!this.has(member)) return false
    const last = this.#members.pop() as T
    // The last one moves to the place that is free now.
    if (last !== member) {
      this.#members[member.place] = last
      last.place = member.place
    }
    member.place = -1
    return true
  }

  /** Those that are in now, in no order, whatever comes and goes meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values()
  }
}
