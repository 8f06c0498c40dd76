/** What goes wrong anywhere in a round, as a promise that rejects; it is meant for `Promise.race`. */
export function createFailure(): { fail: (error: Error) => void; failure: Promise<never> } {
  let fail: (error: Error) => void = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => undefined)
  return { fail, failure }
}
