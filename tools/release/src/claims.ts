/** What a rehearsal proves: a line per claim, as soon as it is known whether it holds. */
export class Claims {
  #held = 0
  #refuted = 0
  #skipped = 0

  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** The claim `what` holds if `proof` does not throw. What it throws is said below the claim; the others go on. */
  async check(what: string, proof: () => unknown): Promise<void> {
    try {
      await proof()
      this.#held += 1
      this.#print(`ok    ${what}`)
    } catch (error) {
      this.#refuted += 1
      const reason = error instanceof Error ? error.message : String(error)
      this.#print(`FAIL  ${what}\n${reason.replaceAll(/^/gm, '        ')}`)
    }
  }

  /** Nothing is known of it, since this machine cannot prove it. */
  skip(what: string): void {
    this.#skipped += 1
    this.#print(`skip  ${what}`)
  }

  get hold(): boolean {
    return this.#refuted === 0 && this.#held > 0
  }

  /** The last line. */
  get verdict(): string {
    const skipped = this.#skipped === 0 ? '' : `, and ${this.#skipped} were left out`
    const count = `${this.#held} of ${this.#held + this.#refuted} claims hold${skipped}`
    return this.hold ? `A release would do what it should: ${count}.` : `Do not release: ${count}.`
  }
}
