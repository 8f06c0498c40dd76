import type { Case, Suite } from '../../src/index.js'

/** All cases of a suite, by the path of names that leads to them. */
export function casesOf(suite: Suite, path = suite.name): [path: string, one: Case][] {
  return [
    ...suite.cases.map((one): [string, Case] => [`${path} > ${one.name}`, one]),
    ...suite.suites.flatMap((inner) => casesOf(inner, `${path} > ${inner.name}`)),
  ]
}

/** The case whose path ends with `name`. */
export function findCase(suite: Suite, name: string): Case {
  const found = casesOf(suite).find(([path]) => path.endsWith(name))
  if (found === undefined) throw new Error(`There is no case "${name}"`)
  return found[1]
}

/** What a promise rejects with. */
export const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('It has resolved'),
    (error: Error) => error,
  )
