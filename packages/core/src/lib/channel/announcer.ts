/**
 * Tells observers of what is about to be done on one channel, and keeps the order of calls: what an observer does in turn
 * comes after what it was told of. What it closes, that finds closed.
 */
export class Announcer {
  /** Does what observers are being told of just now. */
  #act: (() => void) | undefined

  /** Whether observers are being told of something that is not done yet. */
  get isTelling(): boolean {
    return this.#act !== undefined
  }

  /** @returns what `act` returns, which is called once, after `tell` or in the middle of it */
  announce<T>(tell: () => void, act: () => T): T {
    // An observer does this: first what it was told of.
    this.#act?.()
    let result: T | undefined
    const own = (): void => {
      this.#act = undefined
      result = act()
    }
    this.#act = own
    tell()
    if (this.#act === own) own()
    return result as T
  }
}
