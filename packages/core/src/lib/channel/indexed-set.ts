/** A member of an {@link IndexedSet}. It stores its own index, so it can be in one set at a time. */
export interface Indexed {
  /** The index in the set, or -1 while it is in none. Begin with -1; only the set changes it. */
  index: number
}

/**
 * A set for objects that come and go all the time. A `Set` would produce garbage: each table that it has outgrown
 * refers to the next one and to every former member until a major collection, so its members never die young.
 */
export class IndexedSet<T extends Indexed> implements Iterable<T> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  has(member: Indexed): boolean {
    return this.#members[member.index] === member
  }

  /** Adds a member; does nothing if it is in the set already. */
  add(member: T): void {
    if (!this.has(member)) member.index = this.#members.push(member) - 1
  }

  /** Removes a member. @returns whether it was in the set */
  delete(member: Indexed): boolean {
    if (!this.has(member)) return false
    const last = this.#members.pop() as T
    // Move the last member to the freed index.
    if (last !== member) {
      this.#members[member.index] = last
      last.index = member.index
    }
    member.index = -1
    return true
  }

  /** Iterates over a snapshot of the members, in no order: changes during the loop have no effect on it. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values()
  }
}
