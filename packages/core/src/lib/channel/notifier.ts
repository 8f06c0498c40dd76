/**
 * Tells observers what a channel is about to do, then does it. If an observer calls the channel itself, the announced
 * operation runs first, so calls keep their order. If an observer closes the channel, the operation finds it closed.
 */
export class Notifier {
  /** The operation that observers are being told about right now. */
  #act: (() => void) | undefined

  /** Whether observers are being told about an operation that has not run yet. */
  get isNotifying(): boolean {
    return this.#act !== undefined
  }

  /**
   * Calls `tell`, and calls `act` exactly once: after `tell`, or during it if an observer announces something else.
   *
   * @returns what `act` returns
   */
  notify<T>(tell: () => void, act: () => T): T {
    // An observer announces something: first run the operation that it was told about.
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
