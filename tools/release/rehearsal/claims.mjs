/** Prints a line for each claim of a rehearsal, as soon as it is proved or refuted. */
export function createClaims(print) {
  const counts = { held: 0, refuted: 0, skipped: 0 }
  return {
    /** The claim holds if `proof` does not throw. Otherwise prints the reason; other claims are still checked. */
    async check(claim, proof) {
      try {
        await proof()
        counts.held += 1
        print(`ok    ${claim}`)
      } catch (error) {
        counts.refuted += 1
        print(`FAIL  ${claim}\n${error.message.replaceAll(/^/gm, '        ')}`)
      }
    },
    /** Marks a claim that this machine cannot prove. */
    skip(claim) {
      counts.skipped += 1
      print(`skip  ${claim}`)
    },
    get hold() {
      return counts.refuted === 0 && counts.held > 0
    },
    get verdict() {
      const { held, refuted, skipped } = counts
      const count = `${held} of ${held + refuted} claims hold${skipped ? `, and ${skipped} were left out` : ''}`
      return this.hold ? `A release would do what it should: ${count}.` : `Do not release: ${count}.`
    },
  }
}
